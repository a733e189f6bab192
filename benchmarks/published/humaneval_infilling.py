"""HumanEval-Infilling (OpenAI, arXiv 2207.14255): does the program pass its tests once the gap is
filled?

A gap is a line, several lines or a random span; the published files have the same fields.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bounds import with_bounds
from benchmarks.published.sandbox import require_sandbox, run_program
from engine import Engine, FillRequest, Span

LINE_TOKENS, LONGEST_TOKENS = 64, 256


@dataclass(frozen=True)
class Problem:
    task: str
    function: str
    """Problems of one function are not independent."""
    prompt: str
    answer: str
    suffix: str
    test: str
    entry_point: str

    def program(self, fill: str) -> str:
        return f"{self.prompt}{fill}{self.suffix}\n{self.test}\ncheck({self.entry_point})\n"


def read_problems(path: Path) -> list[Problem]:
    """The problems of the published, gzipped JSONL; ``ValueError`` when a field is missing."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    try:
        return [
            Problem(
                row["task_id"],
                "/".join(row["task_id"].split("/")[:-1]),
                row["prompt"],
                row["canonical_solution"],
                row["suffix"],
                row["test"],
                row["entry_point"],
            )  # fmt: skip
            for row in rows
        ]
    except KeyError as exc:
        raise ValueError(f"a problem has no {exc.args[0]}") from exc


def evaluate(
    engine: Engine,
    problems: list[Problem],
    given_length: bool,
    done: Callable[[], None] = lambda: None,
    jailed: bool = True,
) -> dict[str, float | int]:
    """pass@1 and exact match with 95 % bounds over functions. With ``given_length`` the true number
    of tokens is told.

    A missing line is asked for after its indentation and up to its end, as an editor would; any
    other gap as it is. ``NoSandbox``, before anything is filled, where programs cannot be locked in
    and ``jailed`` asks for it.
    """
    if jailed:
        require_sandbox()
    fills = []
    for problem in problems:
        fills.append(fill_gap(engine, problem, given_length))
        done()
    programs = [problem.program(fill) for problem, fill in zip(problems, fills, strict=True)]
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda program: run_program(program, jailed=jailed), programs))
    passed = np.array([verdict.passed for verdict in verdicts], float)
    exact = np.array(
        [fill == problem.answer for fill, problem in zip(fills, problems, strict=True)], float
    )
    groups = np.unique([problem.function for problem in problems], return_inverse=True)[1]
    report: dict[str, float | int] = {"problems": len(problems), "functions": int(groups.max()) + 1}
    for name, hits in (("pass_at_1", passed), ("exact_match", exact)):
        report |= with_bounds(name, hits, groups)
    return report | {"timed_out": sum(verdict.reason == "timed out" for verdict in verdicts)}


def fill_gap(engine: Engine, problem: Problem, given_length: bool) -> str:
    """The engine's text between prompt and suffix, with the indentation and line end of a whole
    line around it."""
    indent, end, body = "", "", problem.answer
    if is_line := _is_line(problem):
        body = problem.answer.strip()
        indent, end = problem.answer[: len(problem.answer) - len(problem.answer.lstrip())], "\n"
    before, after = problem.prompt + indent, end + problem.suffix
    length = len(engine.tokenizer.encode(body)) if given_length else None
    most = LINE_TOKENS if is_line else min(LONGEST_TOKENS, engine.config.max_sequence_length // 4)
    span = Span(
        start=len(before), end=len(before), single_line=is_line, tokens=length, max_tokens=most
    )
    return (
        indent
        + engine.fill(FillRequest(text=before + after, spans=(span,), language="python"))
        .spans[0]
        .text
        + end
    )


def _is_line(problem: Problem) -> bool:
    """True where one whole line is missing."""
    at_line_start = not problem.prompt or problem.prompt.endswith("\n")
    return at_line_start and problem.answer.endswith("\n") and problem.answer.count("\n") == 1
