"""What a longer window and a longer document cost: windows of 256 to 1,024 tokens, documents of 10
KB and 10 MB."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from benchmarks.infill_cases import Case
from benchmarks.machine import quantile
from benchmarks.speed.latency import blank_request
from engine import Engine, FillRequest

WINDOWS = (256, 512, 1024)
DOCUMENT_BYTES = {"10_kb": 10_000, "10_mb": 10_000_000}


def growth(engine: Engine, cases: Sequence[Case]) -> dict[str, float]:
    """Medians in ms; windows beyond the model's are left out."""
    report = {}
    for window in WINDOWS:
        if window <= engine.config.max_sequence_length:
            requests = (
                msgspec.structs.replace(blank_request(case), window=window) for case in cases
            )
            report[f"window_{window}_p50_ms"] = quantile(
                [engine.fill(request).ms for request in requests], 0.5
            )
    for name, size in DOCUMENT_BYTES.items():
        requests = (
            _within(case, [other.text for other in cases if other is not case], size)
            for case in cases
        )
        report[f"document_{name}_p50_ms"] = quantile(
            [engine.fill(request).ms for request in requests], 0.5
        )
    return report


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
