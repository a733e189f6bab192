"""The next keystroke in the same blank: the answer's first characters are typed one by one, each a
request of its session.

Every keystroke is answered twice: with the context that earlier keystrokes left behind, and with
one of its own. Their times and how often both say the same are what the kept context is worth and
what it costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rapidfuzz import fuzz

from benchmarks.infill_cases import Case
from benchmarks.machine import quantile
from engine import Engine, FillRequest, SamplerOptions, Span

TYPED = 6


def next_keystrokes(engine: Engine, cases: Sequence[Case]) -> dict[str, float | int]:
    """Medians and 95 % quantiles in ms, the share of equal answers, and how near both come to the
    truth."""
    kept_ms, own_ms = [], []
    equal = 0
    similar_kept, similar_own = [], []
    for number, case in enumerate(cases):
        for typed in range(min(TYPED, len(case.answer) - 1)):
            text = case.text[: case.start + typed] + case.text[case.end :]
            at = case.start + typed
            span = Span(start=at, end=at, max_tokens=32, single_line=True)
            request = FillRequest(
                text=text, spans=(span,), copies=False, sampler=SamplerOptions(repairs=0)
            )
            kept = engine.fill(msgspec.structs.replace(request, session=str(number)))
            own = engine.fill(request)
            if typed:  # the first request of a session has nothing to go on from
                kept_ms.append(kept.ms)
                own_ms.append(own.ms)
                equal += kept.spans[0].text == own.spans[0].text
                similar_kept.append(fuzz.ratio(kept.spans[0].text, case.answer[typed:]))
                similar_own.append(fuzz.ratio(own.spans[0].text, case.answer[typed:]))
    count = max(1, len(kept_ms))
    return {
        "keystrokes": len(kept_ms),
        "next_keystroke_p50_ms": quantile(kept_ms, 0.5),
        "next_keystroke_p95_ms": quantile(kept_ms, 0.95),
        "cold_keystroke_p50_ms": quantile(own_ms, 0.5),
        "keystroke_same_text": round(equal / count, 4),
        "next_keystroke_edit_similarity": round(sum(similar_kept) / count / 100, 4),
        "cold_keystroke_edit_similarity": round(sum(similar_own) / count / 100, 4),
    }
