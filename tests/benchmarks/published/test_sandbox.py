"""Generated programs: good ones pass, bad ones fail, and none does harm."""

import numpy as np
import pytest

from benchmarks.bounds import clustered_bounds
from benchmarks.published.humaneval_infilling import Problem, evaluate, fill_gap, read_problems
from benchmarks.published.sandbox import run_program
from engine import Engine
from engine.backends.fake import FakeBackend
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "benchmarks" / "HumanEval-SingleLineInfilling.jsonl.gz"


def test_a_right_program_passes_and_a_wrong_one_fails():
    assert run_program("import math, typing, re, collections\nassert math.gcd(4, 6) == 2").passed
    assert "AssertionError" in run_program("assert 1 == 2").reason
    assert "SyntaxError" in run_program("def f(:").reason


@pytest.mark.parametrize(
    "harm",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import os; os.system('true')",
        "import subprocess; subprocess.run(['true'])",
        "open('/tmp/lacuna-sandbox-test', 'w').write('x')",
        "import os; os.remove('/etc/hostname')",
        "import os; os.kill(os.getppid(), 9)",
        "x = bytearray(2 << 30)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
    ],
)
def test_harm_is_refused(harm):
    verdict = run_program(harm)
    assert not verdict.passed and any(kind in verdict.reason for kind in ("PermissionError", "MemoryError"))


def test_an_endless_program_is_stopped():
    assert run_program("while True: pass", seconds=1).reason == "timed out"
    assert run_program("import time; time.sleep(60)", seconds=1).reason == "timed out"


@pytest.fixture
def problems():
    if not DATA.exists():
        pytest.skip("the evaluation data are not beside this checkout")
    return read_problems(DATA)


def test_the_published_answers_pass(problems):
    assert len(problems) == 1033 and len({problem.function for problem in problems}) == 164
    for problem in problems[::100]:
        assert run_program(problem.program(problem.answer)).passed
        assert not run_program(problem.program("    raise ValueError\n")).passed


def test_fills_keep_indentation_and_line_end(problems, bundled):
    with Engine() as engine:
        for problem in problems[:6]:
            fill = fill_gap(engine, problem, given_length=True)
            indent = problem.answer[: len(problem.answer) - len(problem.answer.lstrip())]
            assert fill.startswith(indent) and fill.endswith("\n") and fill.count("\n") == 1


def test_gaps_of_several_lines_and_inside_lines_are_asked_for_as_they_are(config, tokenizer):
    asked = []
    with Engine.with_backend(config, tokenizer, FakeBackend(lambda ids, at, k: np.zeros(512))) as engine:
        fill = engine.fill
        engine.fill = lambda request: asked.append(request) or fill(request)
        for answer in ("    a = 1\n    return a\n", "turn x", "    return a\n"):
            fill_gap(engine, Problem("a/b/0", "a/b", "def f(x):\n", answer, "\nend", "", "f"), given_length=False)
    lines, inside, line = asked
    assert lines.text == inside.text == "def f(x):\n\nend" and not lines.spans[0].single_line and inside.spans[0].start == 10
    assert line.text == "def f(x):\n    \n\nend" and line.spans[0].single_line


def test_the_report_counts_what_passes(monkeypatch):
    problem = Problem("a/b/L1", "a/b", "def f(x):\n", "    return x\n", "\n", "def check(f):\n    assert f(3) == 3\n", "f")
    monkeypatch.setattr(
        "benchmarks.published.humaneval_infilling.fill_gap", lambda engine, problem, given_length: "    return x\n"
    )
    report = evaluate(None, [problem] * 3, False)
    assert report["pass_at_1"] == report["exact_match"] == 1.0 and report["functions"] == 1


def test_bounds_are_wider_for_fewer_groups():
    hits = np.tile([1.0, 0.0], 50)
    many = clustered_bounds(hits, np.arange(100))
    few = clustered_bounds(np.repeat([1.0, 0.0], 50), np.repeat([0, 1], 50))
    assert many[0] > few[0] and many[1] < few[1]
