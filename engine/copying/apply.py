"""Copies in a fill request: which are allowed, which are sure enough to stand before anything is
denoised.

A sure copy is put into the document first; the model then fills what is left, and sees the copy as
text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from engine.base.deadline import Deadline
from engine.copying.ranking import Copy, copies
from engine.copying.span_context import SpanContext
from engine.request.messages import Draft, DraftSpan, FillRequest, Span
from engine.request.span_rules import beside, keeps
from engine.text.finishing.brackets import leaves_brackets
from engine.text.line_start import line_before
from engine.text.syntax import new_errors
from engine.text.tokenizer import TextTokenizer

SPARE = 1
"""Copies beyond the number of answers that are asked for."""
SURE = 0.5
"""A copy at least so probable is taken without asking a model that is never as sure."""


def copies_of(
    request: FillRequest,
    spans: Sequence[Span],
    ties: Sequence[int],
    tokenizer: TextTokenizer,
    deadline: Deadline | None = None,
) -> dict[int, list[Copy]]:
    """Span -> the best copies that keep what it asks for; tied spans and those with pins or choices
    have none.

    The search ends with the span at which the ``deadline`` passes.
    """
    found: dict[int, list[Copy]] = {}
    if not request.copies or ties:
        return found
    for i, span in enumerate(spans):
        if deadline is not None and deadline.expired():
            break
        if span.pins or span.choices or span.lines or span.name:
            continue
        context = SpanContext.of(
            request.text,
            span.start,
            span.end,
            related=request.related,
            others=[(other.start, other.end) for other in spans if other is not span],
            single_line=span.single_line,
            language=request.language,
        )
        # Every check parses the document, so no more are looked for than may be shown.
        fitting = (
            copy for copy in copies(context) if _allowed(copy.text, request, span, tokenizer)
        )
        if kept := list(islice(fitting, request.n + SPARE)):
            found[i] = kept
    return found


def _allowed(copy: str, request: FillRequest, span: Span, tokenizer: TextTokenizer) -> bool:
    """True for a copy that keeps what the span asks for and fits its line and the syntax around
    it."""
    length = len(tokenizer.encode(copy))
    fits = (
        length == span.tokens
        if span.tokens is not None
        else span.min_tokens <= length <= span.max_tokens
    )
    return (
        fits
        and not any(word in copy for word in span.forbid)
        and keeps(copy, *beside(request.text, span), span)
        and not (copy[0] in " \t" and _only_indented(request.text, span.start))
        and not leaves_brackets(copy, request.text, span.start, span.end, request.language)
        and _parses(copy, request, span)
    )


def _only_indented(text: str, at: int) -> bool:
    """True where nothing but blanks stands before ``at`` on its line, and some do."""
    line = line_before(text, at)
    return bool(line) and not line.strip()


def _parses(copy: str, request: FillRequest, span: Span) -> bool:
    """False for a copy that brings a syntax error; not decided where other blanks are errors
    themselves."""
    if request.language is None or len(request.spans) > 1:
        return True
    text = request.text
    filled = text[: span.start] + copy + text[span.end :]
    return new_errors(text, filled, [(span.start, span.end)], request.language) == 0


@dataclass(frozen=True)
class Remaining:
    """A request without the spans that became copies."""

    request: FillRequest
    spans: list[Span]
    numbers: list[int]
    """Which of the original spans these are."""


def insert_copies(
    request: FillRequest, spans: Sequence[Span], sure: Mapping[int, Copy]
) -> Remaining:
    """Put copies into the document; what is left to fill moves with the text."""
    pieces: list[str] = []
    moved: list[Span] = []
    at, shift = 0, 0
    for i, span in enumerate(spans):
        if i in sure:
            pieces += [request.text[at : span.start], sure[i].text]
            at = span.end
            shift += len(sure[i].text) - (span.end - span.start)
        else:
            moved.append(
                msgspec.structs.replace(span, start=span.start + shift, end=span.end + shift)
            )
    text = "".join([*pieces, request.text[at:]])
    numbers = [i for i in range(len(spans)) if i not in sure]
    request = msgspec.structs.replace(request, text=text, spans=tuple(moved))
    return Remaining(request, moved, numbers)


def draft_with_copies(draft: Draft, spans: Sequence[Span], sure: Mapping[int, Copy]) -> Draft:
    """A draft of what is left, with the copies put back between them."""
    written = iter(draft.spans)
    whole = []
    for i, span in enumerate(spans):
        if i in sure:
            text, sureness = sure[i].text, sure[i].probability
            own = DraftSpan.of_text(span.start, span.end, text, sureness)
        else:
            own = msgspec.structs.replace(next(written), start=span.start, end=span.end)
        whole.append(own)
    return msgspec.structs.replace(draft, spans=tuple(whole))
