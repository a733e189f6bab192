"""From which confidence on are four of five answers right? What ``lacuna fill`` writes without
being told a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.infill_cases import Case
from engine import Engine, FillRequest, Span, language_of

RIGHT = 0.8
"""Share of the written answers that are to be exact."""
FEWEST = 20
"""Answers above a threshold that say something about it."""


def judged(
    engine: Engine, cases: Sequence[Case], done: Callable[[], None] = lambda: None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence of the answers that pass every other rule of the gate, copies included, and
    whether they are exact."""
    confidence, right = [], []
    for case in cases:
        span = Span(start=case.start, end=case.end, single_line="\n" not in case.answer)
        request = FillRequest(
            text=case.text, spans=(span,), language=language_of(case.path), min_confidence=0.0
        )
        [found] = engine.fill(request).spans
        if found.filled:
            confidence.append(found.confidence)
            right.append(found.text == case.answer)
        done()
    return np.array(confidence, float), np.array(right, float)


def writing_threshold(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The lowest confidence from which on ``RIGHT`` of at least ``FEWEST`` answers are exact; 1
    where there is none."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / (np.arange(len(order)) + 1)
    # Answers of one confidence are written together or not at all.
    last = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((share >= RIGHT) & last & (np.arange(len(order)) + 1 >= FEWEST))
    return round(float(confidence[order][good[-1]]), 4) if len(good) else 1.0


def figures(
    confidence: NDArray[np.float64], right: NDArray[np.float64], threshold: float, cases: int
) -> dict[str, float]:
    """What is written at a threshold, and how much of it is exact."""
    written = confidence >= threshold
    return {
        "cases": cases,
        "passed_the_other_rules": len(confidence),
        "min_confidence": threshold,
        "written": int(written.sum()),
        "written_right": round(float(right[written].mean()), 4) if written.any() else 0.0,
    }
