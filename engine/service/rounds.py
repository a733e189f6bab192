"""More blanks than one window holds: filled in rounds, each with the answers of the rounds before
it in its text.

Spans of one round are denoised together and agree with each other. Where all fit, there is one
round and nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.infill.infiller import Infiller
from engine.infill.search.initial_canvas import slots_of
from engine.request.messages import Draft, FillRequest, FillResult, Span, SpanResult, apply_spans
from engine.request.span_rules import checked_spans

Fill = Generator[Batch, Predictions, FillResult]


def fill_in_rounds(
    infiller: Infiller, request: FillRequest, on_draft: Callable[[Draft], None] | None = None
) -> Fill:
    """As ``Infiller.fill``; the deadline counts from this call and bounds all rounds. Drafts show
    the spans of a round."""
    room = min(request.window, infiller.model.config.max_sequence_length)
    if _masks(request.spans) <= room:
        return infiller.fill(request, on_draft)
    return _rounds(infiller, request, on_draft, room // 2, infiller.model.clock())


def _rounds(
    infiller: Infiller,
    request: FillRequest,
    on_draft: Callable[[Draft], None] | None,
    room: int,
    began: float,
) -> Fill:
    spans = checked_spans(request, infiller.model.config)
    done: dict[int, SpanResult] = {}
    found: list[FillResult] = []
    text = request.text
    for numbers in split(spans, room):
        moved = [_moved(spans[i], done.values()) for i in numbers]
        passed = (infiller.model.clock() - began) * 1000
        left = None if request.deadline_ms is None else max(0.0, request.deadline_ms - passed)
        part = msgspec.structs.replace(request, text=text, spans=tuple(moved), deadline_ms=left)
        result = yield from infiller.fill(part, on_draft)
        found.append(result)
        text = result.text
        for i, answer in zip(numbers, result.spans, strict=True):
            done[i] = msgspec.structs.replace(answer, start=spans[i].start, end=spans[i].end)
    answers = tuple(done[i] for i in range(len(spans)))
    return msgspec.structs.replace(
        found[-1],
        text=apply_spans(request.text, answers),
        spans=answers,
        nfe=sum(result.nfe for result in found),
        ms=round((infiller.model.clock() - began) * 1000, 2),
        stopped="deadline" if any(result.stopped == "deadline" for result in found) else "complete",
    )


def split(spans: Sequence[Span], room: int) -> list[list[int]]:
    """Numbers of the spans of every round, in order; spans of one name, which get one text, are in
    one round."""
    units: dict[object, list[int]] = {}
    for i, span in enumerate(spans):
        units.setdefault(i if span.name is None else span.name, []).append(i)
    rounds: list[list[int]] = [[]]
    for unit in units.values():
        if rounds[-1] and _masks([spans[i] for i in rounds[-1] + unit]) > room:
            rounds.append([])
        rounds[-1] += unit
    return [sorted(numbers) for numbers in rounds]


def _masks(spans: Sequence[Span]) -> int:
    return sum(slots_of(span, len(spans)) for span in spans)


def _moved(span: Span, done: Iterable[SpanResult]) -> Span:
    """``span`` in the text that holds the answers of the rounds before."""
    shift = sum(len(one.text) - (one.end - one.start) for one in done if one.start < span.start)
    return msgspec.structs.replace(span, start=span.start + shift, end=span.end + shift)
