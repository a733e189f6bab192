"""The spans of a request, one behind the other: each is written or chosen as if those before it
stood in the document.

Only what stands before a span is its context, so an edit behind it leaves the cached keys as they
are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.infill.search.reranked.beam_rules import OnBeam, show_drafts
from engine.infill.search.reranked.contenders import given_contenders, written_contenders
from engine.infill.search.reranked.ranked_span import LATE, RankedSpan, rank_contenders
from engine.infill.search.reranked.span_start import BEHIND_CHARS, start_of
from engine.infill.task import FillTask

MOST_CHOICES = 24
"""Given strings that are read in one pass; between more the canvas decides."""


def rerankable(task: FillTask) -> bool:
    """Whether all spans of a task can be written in this way, and should."""
    text = task.request.text
    return (
        task.order == "reranked"
        and not task.request.sampler.temperature
        and not any(
            span.pins or span.tokens or span.min_tokens > 1 or (span.lines or 1) > 1
            or len(span.choices) > MOST_CHOICES or task.shared(i)
            or not text[span.end : min(until, span.end + BEHIND_CHARS)].strip()
            for i, (span, until) in enumerate(zip(task.spans, _ends(task), strict=True))
        )
    )  # fmt: skip


def _ends(task: FillTask) -> list[int]:
    """Where the text behind every span ends: at the next one, or with the document."""
    return [*(span.start for span in task.spans[1:]), len(task.request.text)]


def rerank_spans(task: FillTask) -> Generator[Batch, Predictions, list[RankedSpan] | None]:
    """The answers of every span, in order; ``None`` where one has none."""
    found: list[RankedSpan] = []
    text, moved = task.request.text, 0
    for i, (span, until) in enumerate(zip(task.spans, _ends(task), strict=True)):
        if found and task.deadline.expired():
            found.append(LATE)
            continue
        at = msgspec.structs.replace(span, start=span.start + moved, end=span.end + moved)
        one = replace(
            task,
            request=msgspec.structs.replace(task.request, text=text[: until + moved]),
            spans=(at,),
            ties=(),
            guesses={0: task.guesses[i]} if i in task.guesses else {},
        )
        ranked = yield from _rank_span(one, show_drafts(task, [each.texts[0] for each in found]))
        if not ranked.texts:
            return None
        found.append(ranked)
        text = text[: at.start] + ranked.texts[0] + text[at.end :]
        moved += len(ranked.texts[0]) - (span.end - span.start)
    return found


def _rank_span(task: FillTask, show: OnBeam) -> Generator[Batch, Predictions, RankedSpan]:
    start = yield from start_of(task)
    contenders = (
        given_contenders(start.span)
        if start.span.choices
        else (yield from written_contenders(start, show))
    )
    return (yield from rank_contenders(start, contenders))
