"""``lacuna bench latency``: the time of a single-line blank in a 512-token window, warm, on real
lines.

Lines come from Python files of the standard library of the running Python: there on every machine,
drawn with one seed.
"""

from __future__ import annotations

import os
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.infill_cases import Case, HeldOutDocument, cut_cases
from benchmarks.machine import describe, quantile, resident_mb
from engine import Engine, FillRequest, FillResult, Span
from engine.backends.interface import Batch, Predictions

WARM_UP = 5
LONGEST = 32
"""Tokens of an answer at most."""
FULL_WINDOW = 6_000
"""Bytes from which on a file fills a window wherever it is cut."""


def library_cases(count: int, seed: int = 0) -> list[Case]:
    """Whole lines cut out of standard-library files that fill a window."""
    root = Path(sysconfig.get_path("stdlib"))
    files = [p for p in sorted(root.glob("*.py")) if p.stat().st_size > FULL_WINDOW]
    chosen = np.random.default_rng(seed).permutation(len(files))[: max(count, 40)]
    documents = [
        HeldOutDocument(files[i].read_text("utf-8"), files[i].stem, files[i].name) for i in chosen
    ]
    return cut_cases(documents, "line", count, seed)


def measure(folder: Path | None, runs: int) -> dict[str, float | int | str]:
    """Flat figures of one model: one answer of the model alone, and the whole system with copies
    and repairs of syntax."""
    with Engine(folder) as engine:
        cases = library_cases(runs + WARM_UP)
        results = [engine.fill(blank_request(case)) for case in cases][WARM_UP:]
        whole = [
            engine.fill(blank_request(case, copies=True, language="python")) for case in cases
        ][WARM_UP:]
        rss = resident_mb(os.getpid())
        told = [engine.fill(blank_request(case, tokens=LONGEST)) for case in cases][WARM_UP:]
        hurried = _deadlines(engine, cases, quantile([r.ms for r in results], 0.5) / 2)
    times = [r.ms for r in results]
    return {
        "runs": len(times),
        "system_p50_ms": quantile([r.ms for r in whole], 0.5),
        "system_p95_ms": quantile([r.ms for r in whole], 0.95),
        "infill_p50_ms": quantile(times, 0.5),
        "infill_p95_ms": quantile(times, 0.95),
        **hurried,
        "tokens_per_pass": _per_pass(told),
        "answer_tokens_per_pass": _per_pass(results),
        "nfe_p50": quantile([float(r.nfe) for r in results], 0.5),
        "rss_mb": rss,
        "machine": describe(),
    }


def _deadlines(engine: Engine, cases: list[Case], deadline_ms: float) -> dict[str, float]:
    """How late answers come that must stop half-way, and the longest pass, which is what they may
    be late by."""
    late, passes = [], []
    predict = engine.backend.predict

    def timed(batch: Batch) -> Predictions:
        began = time.perf_counter()
        found = predict(batch)
        passes.append((time.perf_counter() - began) * 1000)
        return found

    engine.backend.predict = timed  # type: ignore[method-assign]
    try:
        for case in cases[WARM_UP:]:
            request = msgspec.structs.replace(blank_request(case), deadline_ms=deadline_ms)
            late.append(max(0.0, engine.fill(request).ms - deadline_ms))
    finally:
        engine.backend.predict = predict  # type: ignore[method-assign]
    return {
        "deadline_ms": deadline_ms,
        "deadline_overshoot_p99_ms": quantile(late, 0.99),
        "longest_pass_p99_ms": quantile(passes, 0.99),
    }


def _per_pass(results: Sequence[FillResult]) -> float:
    """Tokens of the answers a step: of so many as were asked for, or of what is left once the
    length was found."""
    return round(sum(r.spans[0].tokens for r in results) / sum(r.nfe - 1 for r in results), 2)


def blank_request(
    case: Case, copies: bool = False, language: str | None = None, tokens: int | None = None
) -> FillRequest:
    """A single-line blank of up to 32 tokens, by the model alone unless said otherwise."""
    span = Span(start=case.start, end=case.end, max_tokens=LONGEST, tokens=tokens, single_line=True)
    return FillRequest(text=case.text, spans=(span,), copies=copies, language=language)
