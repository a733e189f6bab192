"""What a longer window and a longer document cost: windows of 256 to 8,192 tokens, documents of 10
KB to 10 MB."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from benchmarks.infill_cases import Case
from benchmarks.machine import quantile
from benchmarks.speed.latency import blank_request
from engine import Engine, FillRequest

WINDOWS = (256, 512, 1024, 2048, 4096, 8192)
WINDOW_BYTES = 64_000
"""Of the documents that windows are measured in: enough for the longest."""
FEWER_FROM = 2048
"""Windows from here on take seconds; a quarter of the cases is measured."""
DOCUMENT_BYTES = {"10_kb": 10_000, "100_kb": 100_000, "1_mb": 1_000_000, "10_mb": 10_000_000}
SESSION = "growth"


def growth(engine: Engine, cases: Sequence[Case]) -> dict[str, float]:
    """Medians in ms; windows beyond the model's are left out."""
    report: dict[str, float] = {}
    for window in WINDOWS:
        if window <= engine.config.max_sequence_length:
            few = cases if window < FEWER_FROM else cases[: max(1, len(cases) // 4)]
            report |= _window(engine, few, cases, window)
    for name, size in DOCUMENT_BYTES.items():
        requests = (_within(case, _others(cases, case), size) for case in cases)
        report[f"document_{name}_p50_ms"] = quantile(
            [engine.fill(request).ms for request in requests], 0.5
        )
    return report


def _window(
    engine: Engine, cases: Sequence[Case], all_cases: Sequence[Case], window: int
) -> dict[str, float]:
    """Nothing cached, and again with the context that the first request left behind."""
    cold, again = [], []
    for case in cases:
        request = msgspec.structs.replace(
            _within(case, _others(all_cases, case), WINDOW_BYTES),
            window=window,
            copies=False,
            session=SESSION,
        )
        cold.append(engine.fill(request).ms)
        again.append(engine.fill(request).ms)
        engine.submit_forget(SESSION).future.result()
    return {
        f"window_{window}_p50_ms": quantile(cold, 0.5),
        f"window_{window}_cached_p50_ms": quantile(again, 0.5),
    }


def _others(cases: Sequence[Case], case: Case) -> list[str]:
    return [other.text for other in cases if other is not case]


def _within(case: Case, others: Sequence[str], size: int) -> FillRequest:
    """The blank in the middle of a document of ``size`` characters, copies looked for as in an
    editor."""
    request = blank_request(case, copies=True)
    if size < len(case.text):
        low = max(0, case.start - size // 2)
        text, shift = case.text[low : low + size], -low
    else:
        side = (size - len(case.text)) // 2
        filler = "".join(others)
        filler = (filler * (side // len(filler) + 1))[:side]
        text, shift = f"{filler}{case.text}{filler}", side
    span = msgspec.structs.replace(request.spans[0], start=case.start + shift, end=case.end + shift)
    return msgspec.structs.replace(request, text=text, spans=(span,))
