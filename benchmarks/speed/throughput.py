"""Eight requests at once against one after another: what sharing of passes is worth on this
machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.infill_cases import Case
from benchmarks.machine import quantile, time_ms
from engine import Engine, FillRequest, SamplerOptions, Span

AT_ONCE = 8


def throughput(engine: Engine, cases: Sequence[Case]) -> dict[str, float]:
    """Median ratio over groups of eight blanks, and blanks a second when eight are asked for at
    once."""
    requests = [
        FillRequest(
            text=case.text,
            spans=(Span(start=case.start, end=case.end, single_line=True),),
            copies=False,
            sampler=SamplerOptions(repairs=0),
        )
        for case in cases
    ]
    ratios, together = [], []
    for at in range(0, len(requests) - AT_ONCE + 1, AT_ONCE):
        part = requests[at : at + AT_ONCE]
        alone = time_ms(partial(_one_after_another, engine, part))
        together.append(time_ms(partial(_at_once, engine, part)))
        ratios.append(alone / together[-1])
    return {
        "throughput_8_vs_1": quantile(ratios, 0.5),
        "fills_per_s_8_at_once": quantile([8000 / t for t in together], 0.5),
    }


def _one_after_another(engine: Engine, requests: Sequence[FillRequest]) -> None:
    for request in requests:
        engine.fill(request)


def _at_once(engine: Engine, requests: Sequence[FillRequest]) -> None:
    for job in [engine.submit_fill(request) for request in requests]:
        job.future.result()
