"""The same cut-outs by two engines: what an artefact's rounding costs in exact match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.infill_cases import Case
from engine import Engine, FillRequest, SamplerOptions, Span


def compare_exact_match(
    ours: Engine, theirs: Engine, cases: Sequence[Case]
) -> dict[str, float | int]:
    """Shares of exact answers in per cent and their difference with its standard error, the length
    told, no copies."""
    found = (
        np.array([[_exact(engine, case) for engine in (ours, theirs)] for case in cases], float)
        * 100
    )
    difference = found[:, 0] - found[:, 1]
    return {
        "paired_cases": len(cases),
        "exact_match": round(float(found[:, 0].mean()), 2),
        "exact_match_reference": round(float(found[:, 1].mean()), 2),
        "exact_match_difference": round(float(difference.mean()), 2),
        "exact_match_difference_se": round(float(difference.std() / len(cases) ** 0.5), 2),
    }


def _exact(engine: Engine, case: Case) -> bool:
    span = Span(
        start=case.start, end=case.end, tokens=max(1, len(engine.tokenizer.encode(case.answer)))
    )
    request = FillRequest(
        text=case.text,
        spans=(span,),
        window=256,
        language=None,
        copies=False,
        sampler=SamplerOptions(repairs=0),
    )
    return engine.fill(request).spans[0].text == case.answer
