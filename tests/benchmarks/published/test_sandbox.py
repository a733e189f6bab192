"""Generated programs: good ones pass, bad ones fail, and none does harm."""

import os
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bounds import clustered_bounds
from benchmarks.published import sandbox
from benchmarks.published.humaneval_infilling import Problem, evaluate, fill_gap, read_problems
from benchmarks.published.sandbox import NoSandbox, run_program, why_unavailable
from engine import Engine
from engine.backends.fake import FakeBackend
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "benchmarks" / "HumanEval-SingleLineInfilling.jsonl.gz"
jailed = pytest.mark.skipif(why_unavailable() != "", reason=f"no sandbox: {why_unavailable()}")
EXEC = "import _posixsubprocess, os, time\nr, w = os.pipe()\n_posixsubprocess.fork_exec([{0!r}], [{0!r}, *{1!r}], True, (), None, None, -1, -1, -1, -1, -1, -1, r, w, False, False, 0, None, None, None, -1, None, False)\ntime.sleep(0.5)"


@jailed
def test_a_right_program_passes_and_a_wrong_one_fails():
    assert run_program("import math, typing, re, collections\nassert math.gcd(4, 6) == 2").passed
    assert "AssertionError" in run_program("assert 1 == 2").reason
    assert "SyntaxError" in run_program("def f(:").reason


EARLY = {
    "sys.exit(0)": "import sys; sys.exit(0)",
    "SystemExit": "raise SystemExit",
    "quit": "raise SystemExit(0)",
    "os._exit(0)": "import os; os._exit(0)",
    "exit in a test": "def f():\n    import os; os._exit(0)\nf()",
    "exec replaced": "import builtins\nbuiltins.exec = lambda *a: None\nassert False",
    "writes and exits": "import os; os.write(1, b'passed'); os._exit(0)",
    "at exit": "import atexit, os; atexit.register(lambda: os._exit(0)); assert False",
    "kills itself": "import os; os.kill(os.getpid(), 15)",
    "exec of another program": "import os, sys; os.execv('/bin/true', ['true'])",
    "end of input": "import os; os.dup2(os.open('/tmp/x', os.O_CREAT), 1); os._exit(0)",
    "fork, parent exits": "import os\nif os.fork(): os._exit(0)\nimport time; time.sleep(1); assert False",
}


@jailed
@pytest.mark.parametrize("name", EARLY)
def test_a_program_that_ends_before_its_last_line_has_not_passed(name):
    assert not run_program(EARLY[name] + "\nassert False", seconds=2).passed


@pytest.fixture
def precious():
    """A file that every user may change; pytest's own folders let nobody else in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "precious")
        path.write_text("ten years of work\n")
        path.chmod(0o666)
        path.parent.chmod(0o777)
        yield path


HARM = {
    "truncate": "import os; os.open({p!r}, os.O_WRONLY | os.O_TRUNC)",
    "map": "import os, mmap; m = mmap.mmap(os.open({p!r}, os.O_RDWR), 0); m[:3] = b'xxx'; m.flush()",
    "write": "open({p!r}, 'w').write('x')",
    "remove": "import os; os.remove({p!r})",
    "rename": "import os; os.replace({p!r}, {p!r} + 'x')",
    "times": "import os; os.utime({p!r}, (0, 0))",
    "attribute": "import os; os.setxattr({p!r}, 'user.a', b'1')",
    "mode": "import os; os.chmod({p!r}, 0)",
    "read": "raise ValueError(open({p!r}).read())",
    "rm by another program": EXEC.format(b"/bin/rm", []).replace("*[]", "{p!r}.encode()"),
    "mount": "import ctypes; assert ctypes.CDLL(None).mount(b'/', b'/tmp', None, 4096, None) == 0",
    "a namespace in the namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000 | 0x20000) == 0\n"
    "assert ctypes.CDLL(None).mount(b'tmpfs', b'/usr', b'tmpfs', 0, None) == 0",
    "the old root": "import os; os.chdir('/..'); open('..' + {p!r}).read()",
}


@jailed
@pytest.mark.parametrize("name", HARM)
def test_files_outside_are_neither_changed_nor_seen(name, precious):
    before = precious.stat()
    verdict = run_program(
        HARM[name].replace("{p!r}", repr(str(precious))) + "\nassert False", seconds=2
    )
    assert not verdict.passed and "ten years" not in verdict.reason
    assert precious.read_text() == "ten years of work\n" and os.listdir(precious.parent) == [
        "precious"
    ]
    after = precious.stat()
    assert (after.st_mtime_ns, after.st_mode, os.listxattr(precious)) == (
        before.st_mtime_ns,
        before.st_mode,
        [],
    )


@jailed
@pytest.mark.parametrize("filtered", [True, False])
def test_the_network_is_cut_with_the_filter_of_calls_and_without(filtered, monkeypatch, tmp_path):
    if not filtered:  # one guard has to hold where the other does not
        text = sandbox.JAIL.read_text()
        assert text.count("        filter_calls()\n") == 1
        (tmp_path / "jail.py").write_text(text.replace("        filter_calls()\n", ""))
        monkeypatch.setattr(sandbox, "JAIL", tmp_path / "jail.py")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        assert not run_program(
            f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        ).passed
        with pytest.raises(TimeoutError):
            listener.accept()


LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
WAYS_OUT = {
    "another process": "import os\nos.fork()",
    "another program": "import os\nos.execv('/lib64/ld-linux-x86-64.so.2', ['ld'])",
    "a namespace of its own": LIBC + "assert libc.unshare(0x10020000) == 0",
    "shared memory": LIBC + "assert libc.shmget(0, 100 << 20, 0o1600) >= 0",
    "files in memory": "import os\nos.memfd_create('x')",
    "another process's memory": LIBC + "assert libc.ptrace(16, os.getppid(), 0, 0) == 0",
    "rings of calls": LIBC + "assert libc.syscall(425, 4, ctypes.create_string_buffer(120)) >= 0",
    "any socket": "import socket\nsocket.socket(socket.AF_UNIX)",
    "a socket of the machine's host": "import socket\nsocket.socket(40, 1)",
    "files without number": "for i in range(5_000): open(f'/tmp/{i}', 'w').close()",
}


@jailed
@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_program_gets_nothing_that_its_limits_do_not_count(way):
    assert not run_program(WAYS_OUT[way], seconds=2).passed


@jailed
def test_a_program_may_use_threads():
    code = "import threading\nfound = []\nt = threading.Thread(target=found.append, args=(1,))"
    assert run_program(f"{code}\nt.start()\nt.join()\nassert found == [1]").passed


@jailed
def test_where_calls_cannot_be_filtered_nothing_is_run(monkeypatch, tmp_path):
    text = sandbox.JAIL.read_text()
    assert text.count('call("prctl", 22, 2,') == 1
    (tmp_path / "jail.py").write_text(text.replace('call("prctl", 22, 2,', 'call("prctl", 22, 9,'))
    monkeypatch.setattr(sandbox, "JAIL", tmp_path / "jail.py")
    assert "no jail" in run_program("pass").reason


@pytest.mark.slow
@jailed
@pytest.mark.parametrize(
    "flood",
    [
        "import sys\nwhile True: sys.stderr.write('x' * 1_000_000)",
        "import os\nwhile True: os.write(1, b'x' * 1_000_000)",
        "x = bytearray(4 << 30)",
        "import os\nwhile True: os.fork()",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, "
        "args=(9,)).start()",
        "f = open('/tmp/x', 'wb')\nwhile True: f.write(b'x' * 1_000_000)",
    ],
    ids=["errors", "output", "memory", "processes", "threads", "files"],
)
def test_a_flood_is_bounded(flood):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert not run_program(flood, seconds=1).passed
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


@pytest.mark.slow
@jailed
def test_an_endless_program_is_stopped():
    assert run_program("while True: pass", seconds=1).reason == "timed out"
    assert run_program("import time; time.sleep(60)", seconds=1).reason == "timed out"


def test_without_a_sandbox_nothing_is_run_unless_that_is_allowed(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "why_unavailable", lambda: "users cannot be mapped")
    made = tmp_path / "made"
    with pytest.raises(NoSandbox, match="users cannot be mapped"):
        run_program(f"open({str(made)!r}, 'w')")
    assert not made.exists()
    assert run_program("assert True", jailed=False).passed


@pytest.fixture
def problems():
    if not DATA.exists():
        pytest.skip("the evaluation data are not beside this checkout")
    return read_problems(DATA)


def test_the_published_answers_pass(problems):
    assert len(problems) == 1033 and len({problem.function for problem in problems}) == 164
    for problem in problems[::100]:
        assert run_program(problem.program(problem.answer), jailed=not why_unavailable()).passed
        assert not run_program(
            problem.program("    raise ValueError\n"), jailed=not why_unavailable()
        ).passed


def test_fills_keep_indentation_and_line_end(problems, bundled):
    with Engine() as engine:
        for problem in problems[:6]:
            fill = fill_gap(engine, problem, given_length=True)
            indent = problem.answer[: len(problem.answer) - len(problem.answer.lstrip())]
            assert fill.startswith(indent) and fill.endswith("\n") and fill.count("\n") == 1


def test_gaps_of_several_lines_and_inside_lines_are_asked_for_as_they_are(config, tokenizer):
    asked = []
    with Engine.with_backend(
        config, tokenizer, FakeBackend(lambda ids, at, k: np.zeros(512))
    ) as engine:
        fill = engine.fill
        engine.fill = lambda request: asked.append(request) or fill(request)
        for answer in ("    a = 1\n    return a\n", "turn x", "    return a\n"):
            fill_gap(
                engine,
                Problem("a/b/0", "a/b", "def f(x):\n", answer, "\nend", "", "f"),
                given_length=False,
            )
    lines, inside, line = asked
    assert (
        lines.text == inside.text == "def f(x):\n\nend"
        and not lines.spans[0].single_line
        and inside.spans[0].start == 10
    )
    assert line.text == "def f(x):\n    \n\nend" and line.spans[0].single_line


def test_the_report_counts_what_passes(monkeypatch):
    problem = Problem(
        "a/b/L1",
        "a/b",
        "def f(x):\n",
        "    return x\n",
        "\n",
        "def check(f):\n    assert f(3) == 3\n",
        "f",
    )
    monkeypatch.setattr(
        "benchmarks.published.humaneval_infilling.fill_gap",
        lambda engine, problem, given_length: "    return x\n",
    )
    report = evaluate(None, [problem] * 3, False, jailed=not why_unavailable())
    assert report["pass_at_1"] == report["exact_match"] == 1.0 and report["functions"] == 1


def test_bounds_are_wider_for_fewer_groups():
    hits = np.tile([1.0, 0.0], 50)
    many = clustered_bounds(hits, np.arange(100))
    few = clustered_bounds(np.repeat([1.0, 0.0], 50), np.repeat([0, 1], 50))
    assert many[0] > few[0] and many[1] < few[1]
