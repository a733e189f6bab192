"""What a span asks for: checked before the first pass, made one for tied spans, verified on the
answer.

An exact length, lines, pins, ties and forbidden strings are guarantees: an answer that breaks one
is not an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import msgspec

from engine.base.errors import RequestRejected
from engine.network.model_config import ModelConfig
from engine.request.messages import EditRequest, FillRequest, Span
from engine.request.words import is_word

MOST_ANSWERS, MOST_SEED, MOST_WINDOW = 64, (1 << 63) - 1 - 4_096, 1 << 20
"""Answers beyond the first are counted up from the seed."""
MOST_CHARACTERS, MOST_SPANS, MOST_RELATED = 1 << 28, 10_000, 1_000
MOST_PINS, MOST_CHOICES, MOST_FORBIDDEN = 64, 4_096, 1_024
"""Of one span. Every choice costs several passes, though a deadline ends them early."""


def checked_spans(request: FillRequest, config: ModelConfig) -> list[Span]:
    """The spans in order; ``RequestRejected`` says what does not fit."""
    if not request.spans:
        raise RequestRejected("There is nothing to fill: mark a blank as ____ or give a position.")
    check_limits(request)
    if len(request.spans) > MOST_SPANS:
        raise RequestRejected(
            f"{len(request.spans)} blanks are too many; fill at most {MOST_SPANS} at once."
        )
    spans = sorted(request.spans, key=lambda s: (s.start, s.end))
    at = 0
    for i, span in enumerate(spans):
        if not 0 <= span.start <= span.end <= len(request.text):
            raise RequestRejected(
                f"The span {span.start}-{span.end} lies outside the text ({len(request.text)} "
                "characters)."
            )
        if span.start < at or (i and span.start == at == spans[i - 1].start):
            raise RequestRejected(
                f"The spans overlap at character {span.start}; give disjoint spans."
            )
        _check_options(span, config)
        at = span.end
    return spans


def check_limits(request: EditRequest) -> None:
    """``RequestRejected`` names the number of a request that is beyond what makes sense, before
    anything is computed."""
    if not 1 <= request.n <= MOST_ANSWERS:
        raise RequestRejected(f"n is {request.n}; ask for 1 to {MOST_ANSWERS} answers.")
    if not 0 <= request.seed <= MOST_SEED:
        raise RequestRejected(
            f"The seed {request.seed} is not possible; give a number from 0 to {MOST_SEED}."
        )
    if request.deadline_ms is not None and not (
        math.isfinite(request.deadline_ms) and request.deadline_ms >= 0
    ):
        raise RequestRejected(
            f"A deadline of {request.deadline_ms} ms is not possible; give 0 or more."
        )
    if not 1 <= request.window <= MOST_WINDOW:
        raise RequestRejected(
            f"A window of {request.window} tokens is not possible; give 1 to {MOST_WINDOW}."
        )
    if len(request.text) > MOST_CHARACTERS:
        raise RequestRejected(
            f"The text has {len(request.text)} characters; send at most {MOST_CHARACTERS}."
        )
    if len(request.related) > MOST_RELATED:
        raise RequestRejected(
            f"{len(request.related)} related texts are too many; send at most {MOST_RELATED}."
        )


def _check_options(span: Span, config: ModelConfig) -> None:
    for what, given, most in (
        ("pins", span.pins, MOST_PINS),
        ("choices", span.choices, MOST_CHOICES),
        ("forbidden strings", span.forbid, MOST_FORBIDDEN),
    ):
        if len(given) > most:
            raise RequestRejected(f"{len(given)} {what} are too many; give at most {most}.")
    wanted = span.max_tokens if span.tokens is None else span.tokens
    if not 1 <= wanted < config.max_sequence_length:
        raise RequestRejected(
            f"A span of {wanted} tokens is not possible; ask for 1 to "
            f"{config.max_sequence_length - 1}."
        )
    if not 1 <= span.min_tokens <= wanted:
        raise RequestRejected(
            f"A span of at least {span.min_tokens} and at most {wanted} tokens is not possible."
        )
    if span.lines is not None and not 1 <= span.lines <= (wanted + 1) // 2:
        raise RequestRejected(
            f"{span.lines} lines do not fit {wanted} tokens; ask for fewer lines or more tokens."
        )
    if span.lines is not None and span.lines > 1 and span.single_line:
        raise RequestRejected(f"{span.lines} lines were asked of a span that stands inside a line.")
    if any(not pin.strip() or "\n" in pin for pin in span.pins):
        raise RequestRejected("A pin is a word or a few words on one line, not blank.")
    if span.choices and (span.tokens or span.lines or span.pins or not all(span.choices)):
        raise RequestRejected(
            "Choices stand for themselves: give them without tokens, lines and pins, none of them "
            "empty."
        )
    if any(not word for word in span.forbid):
        raise RequestRejected("A forbidden string is empty; every answer holds it.")
    for word in span.forbid:
        if any(word in pin for pin in span.pins):
            raise RequestRejected(
                f"{word!r} is forbidden and part of a pin; give up one of the two."
            )


def tied(spans: Sequence[Span]) -> tuple[list[Span], list[int]]:
    """Spans of one name made alike, and for each span the first one of its name (empty when no name
    stands twice).

    What one of them asks for is asked of all; ``RequestRejected`` when they ask for different
    things.
    """
    first: dict[str, int] = {}
    owner = [
        i if span.name is None else first.setdefault(span.name, i) for i, span in enumerate(spans)
    ]
    if owner == list(range(len(spans))):
        return list(spans), []
    together = [
        _merged([span for span, o in zip(spans, owner, strict=True) if o == i]) for i in owner
    ]
    return [
        msgspec.structs.replace(common, start=span.start, end=span.end)
        for span, common in zip(spans, together, strict=True)
    ], owner


def _merged(spans: Sequence[Span]) -> Span:
    def only(values: Iterable[object], what: str) -> object:
        asked = list(dict.fromkeys(value for value in values if value))
        if len(asked) > 1:
            raise RequestRejected(
                f"Spans named {spans[0].name!r} ask for different {what}; they have one text."
            )
        return asked[0] if asked else None

    return msgspec.structs.replace(
        spans[0],
        tokens=only((s.tokens for s in spans), "lengths"),
        lines=only((s.lines for s in spans), "numbers of lines"),
        pins=only((s.pins for s in spans), "pins") or (),
        choices=only((s.choices for s in spans), "choices") or (),
        max_tokens=min(s.max_tokens for s in spans),
        min_tokens=max(s.min_tokens for s in spans),
        single_line=any(s.single_line for s in spans),
        forbid=tuple(dict.fromkeys(word for s in spans for word in s.forbid)),
    )


def missing_pin(answer: str, before: str, after: str, span: Span) -> str | None:
    """The first pin that does not stand in ``answer``, in order and as a word of its own; the text
    around it counts."""
    text, at = before[-1:] + answer + after[:1], len(before[-1:])
    end = at + len(answer)
    for pin in span.pins:
        left = r"(?<!\w)" if is_word(pin[0]) else ""
        right = r"(?!\w)" if is_word(pin[-1]) else ""
        found = re.compile(left + re.escape(pin) + right).search(text, at)
        if found is None or found.end() > end:
            return pin
        at = found.end()
    return None


def beside(text: str, span: Span) -> tuple[str, str]:
    """The characters next to a span: whether a word goes on there is told by them, without a copy
    of a long document."""
    return text[max(0, span.start - 1) : span.start], text[span.end : span.end + 1]


def keeps(answer: str, before: str, after: str, span: Span) -> bool:
    """True when ``answer`` holds the pins and the number of lines that the span asks for."""
    lines = answer.replace("\r\n", "\n").count("\n") + 1
    return missing_pin(answer, before, after, span) is None and span.lines in (None, lines)
