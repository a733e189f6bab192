"""Several blanks near each other: filled together on one canvas, against one after another.

One after another, a blank is filled while those behind it are still gaps of nothing, and its answer
stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bounds import with_bounds
from benchmarks.infill_cases import HeldOutDocument, cut_cases
from engine import Engine, FillRequest, Span, language_of

NEAR_CHARS = 700
"""The blanks of a case lie within so many characters: near enough to tell something about each
other."""
MIN_GAP = 12
DRAWN = 4_000
"""Cut-outs at least that are drawn to find texts where several lie near each other."""


@dataclass(frozen=True)
class JointCase:
    """``text`` with the true answers in it, and their ranges."""

    text: str
    ranges: tuple[tuple[int, int], ...]
    group: str
    path: str


def joint_cases(
    documents: Sequence[HeldOutDocument], kind: str, blanks: int, count: int, seed: int
) -> list[JointCase]:
    """``count`` cases with ``blanks`` cut-outs of ``kind``, drawn with one seed; fewer when the
    documents hold fewer."""
    drawn = cut_cases(list(documents), kind, max(DRAWN, 20 * count * blanks), seed)
    by_document: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for case in drawn:
        by_document.setdefault((case.text, case.group, case.path), []).append(
            (case.start, case.end)
        )
    cases = []
    for (text, group, path), ranges in by_document.items():
        chosen: list[tuple[int, int]] = []
        for start, end in sorted(ranges):
            near = not chosen or end - chosen[0][0] <= NEAR_CHARS
            if near and (not chosen or start - chosen[-1][1] >= MIN_GAP) and len(chosen) < blanks:
                chosen.append((start, end))
        if len(chosen) == blanks:
            cases.append(JointCase(text, tuple(chosen), group, path))
    return cases[:count]


def together(engine: Engine, case: JointCase) -> list[str]:
    """The answers of one request."""
    spans = tuple(Span(start=start, end=end, single_line=True) for start, end in case.ranges)
    found = engine.fill(
        FillRequest(text=case.text, spans=spans, language=language_of(case.path), copies=False)
    )
    return [span.text for span in found.spans]


def one_after_another(engine: Engine, case: JointCase) -> list[str]:
    """The answers of one request a blank, from the front."""
    text, shift = case.text, 0
    for start, end in reversed(case.ranges):
        text = text[:start] + text[end:]
    answers: list[str] = []
    for number, (start, _) in enumerate(case.ranges):
        removed = sum(b - a for a, b in case.ranges[:number])
        at = start - removed + shift
        span = Span(start=at, end=at, single_line=True)
        answer = (
            engine.fill(
                FillRequest(text=text, spans=(span,), language=language_of(case.path), copies=False)
            )
            .spans[0]
            .text
        )
        text = text[:at] + answer + text[at:]
        shift += len(answer)
        answers.append(answer)
    return answers


def compare(
    engine: Engine, cases: Sequence[JointCase], done: Callable[[], None] = lambda: None
) -> dict[str, float | int]:
    """Exact match of every blank in both ways, their difference with 95 % bounds over groups, and
    the time of a case."""
    hits: dict[str, list[bool]] = {"together": [], "one_after_another": []}
    ms: dict[str, list[float]] = {name: [] for name in hits}
    groups: list[str] = []
    for case in cases:
        truth = [case.text[start:end] for start, end in case.ranges]
        for name, way in (("together", together), ("one_after_another", one_after_another)):
            began = time.perf_counter()
            answers = way(engine, case)
            ms[name].append((time.perf_counter() - began) * 1000)
            hits[name] += [answer == true for answer, true in zip(answers, truth, strict=True)]
        groups += [case.group] * len(truth)
        done()
    numbers = np.unique(groups, return_inverse=True)[1]
    report: dict[str, float | int] = {"places": len(cases), "blanks": len(groups)}
    both = {name: np.array(values, float) for name, values in hits.items()}
    both["difference"] = both["together"] - both["one_after_another"]
    for name, values in both.items():
        report |= with_bounds(name, values, numbers)
    return report | {
        f"{name}_p50_ms": round(float(np.median(values)), 1) for name, values in ms.items()
    }
