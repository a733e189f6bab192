"""More blanks than one window holds: filled in rounds, each with the answers of the rounds before
it in its text.

Spans of one round are denoised together and agree with each other. Where all fit, there is one
round and nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.base.deadline import Deadline
from engine.infill.infiller import Infiller
from engine.infill.search.initial_canvas import slots_of
from engine.request.messages import (
    Draft,
    DraftSpan,
    FillRequest,
    FillResult,
    Span,
    SpanResult,
    apply_spans,
    replaced,
)
from engine.request.span_rules import checked_spans

Fill = Generator[Batch, Predictions, FillResult]
OnDraft = Callable[[Draft], None]


def fill_in_rounds(
    infiller: Infiller, request: FillRequest, on_draft: OnDraft | None = None
) -> Fill:
    """As ``Infiller.fill``; the deadline counts from this call and bounds all rounds: spans whose
    round it leaves no time for stay as they are. Drafts show all spans."""
    room = min(request.window, infiller.model.config.max_sequence_length)
    if _masks(request.spans) <= room:
        return infiller.fill(request, on_draft)
    return _rounds(infiller, request, on_draft, room // 2, infiller.model.clock())


def _rounds(
    infiller: Infiller, request: FillRequest, on_draft: OnDraft | None, room: int, began: float
) -> Fill:
    spans = checked_spans(request, infiller.model.config)
    deadline = Deadline.after(request.deadline_ms, began, infiller.model.clock)
    done: dict[int, SpanResult] = {}
    found: list[FillResult] = []
    for numbers in split(spans, room):
        if found and deadline.expired():
            done |= {i: _late(spans[i]) for i in numbers}
            continue
        part = _Part(request, spans, numbers, done)
        asked = msgspec.structs.replace(part.request, deadline_ms=deadline.left_ms)
        show = None if on_draft is None else part.shown_to(on_draft)
        result = yield from infiller.fill(asked, show)
        found.append(result)
        for i, answer in zip(numbers, result.spans, strict=True):
            done[i] = msgspec.structs.replace(answer, start=spans[i].start, end=spans[i].end)
    answers = tuple(done[i] for i in range(len(spans)))
    late = deadline.passed or any(result.stopped == "deadline" for result in found)
    return msgspec.structs.replace(
        found[-1],
        text=apply_spans(request.text, answers),
        spans=answers,
        nfe=sum(result.nfe for result in found),
        ms=round((infiller.model.clock() - began) * 1000, 2),
        stopped="deadline" if late else "complete",
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


@dataclass
class _Part:
    """One round: some of the spans, in a text that holds the best answers of the rounds before,
    also those that are withheld, and nothing in place of spans that are still to come. What stood
    there is to be written again, and is neither context nor anything to copy."""

    whole: FillRequest
    spans: Sequence[Span]
    numbers: Sequence[int]
    done: Mapping[int, SpanResult]
    request: FillRequest = field(init=False)
    """Of this round alone."""

    def __post_init__(self) -> None:
        own = set(self.numbers)
        others = [(i, span) for i, span in enumerate(self.spans) if i not in own]
        texts = [self.done[i].text if i in self.done else "" for i, _ in others]
        grown = [
            (span.end, len(text) - (span.end - span.start))
            for (_, span), text in zip(others, texts, strict=True)
        ]

        def moved(at: int) -> int:
            return at + sum(more for end, more in grown if end <= at)

        self.request = msgspec.structs.replace(
            self.whole,
            text=replaced(self.whole.text, [(span.start, span.end) for _, span in others], texts),
            spans=tuple(
                msgspec.structs.replace(
                    self.spans[i],
                    start=moved(self.spans[i].start),
                    end=moved(self.spans[i].start) + self.spans[i].end - self.spans[i].start,
                )
                for i in self.numbers
            ),
            recent_deletions=tuple(
                msgspec.structs.replace(deletion, at=moved(deletion.at))
                for deletion in self.whole.recent_deletions
            ),
        )

    def shown_to(self, on_draft: OnDraft) -> OnDraft:
        """Takes drafts of this round and shows them among all spans, where they stand in the whole
        text."""
        known = {
            i: DraftSpan.of_text(one.start, one.end, one.text, one.confidence)
            for i, one in self.done.items()
        }

        def show(draft: Draft) -> None:
            now = dict(zip(self.numbers, draft.spans, strict=True))
            shown = tuple(
                msgspec.structs.replace(now[i], start=span.start, end=span.end)
                if i in now
                else known.get(i) or DraftSpan.masked(span.start, span.end)
                for i, span in enumerate(self.spans)
            )
            on_draft(msgspec.structs.replace(draft, spans=shown))

        return show


def _late(span: Span) -> SpanResult:
    return SpanResult(
        start=span.start, end=span.end, text="", confidence=0.0, tokens=0, filled=False,
        withheld="late",
    )  # fmt: skip


def _masks(spans: Sequence[Span]) -> int:
    return sum(slots_of(span, len(spans)) for span in spans)
