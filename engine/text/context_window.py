"""Which part of a document the model sees: the lines nearest to the spans, within a token budget.

From every side of every span the window grows outwards line by line, the shortest side first, so
several distant spans share one canvas and a document of any size costs the same. It begins at one
of few lines, which typing does not move: what was encoded for one keystroke serves the next. Line
ends are shown to the model as ``\\n`` and a byte order mark is not shown at all; the document
itself keeps both."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.request.messages import Span
from engine.text.tokenizer import TextTokenizer

PREFIX_WEIGHT = 0.7
"""Below one: what stands before a span gets more of the budget than what stands after it."""
CHARS_PER_TOKEN = 8
"""No more characters than this a token are looked at in one line, so a line of megabytes costs
nothing."""
BLOCK = 128
"""Characters: a window begins with the first line of a block, or, inside a line that is too long
for it, with a block. Half a block is lost of it on average, some 18 tokens."""
SMALL = 64
"""Tokens, about two blocks: smaller windows lose too much by that, and end where they are full."""


class ContextWindow(NamedTuple):
    """What is seen of a document."""

    pieces: list[list[int]]
    """Token ids before, between and after the spans: one list more than spans."""
    low: int
    high: int
    """Nothing before and nothing after these offsets is seen."""


class _Line(NamedTuple):
    start: int
    ids: list[int]


@dataclass
class _Gap:
    """The text between two spans, seen from both ends; ``low`` and ``high`` close in on each
    other."""

    low: int
    high: int
    forward: list[int] = field(default_factory=list)
    """Ids that follow the span on the left."""
    backward: list[_Line] = field(default_factory=list)
    """Lines before the span on the right, nearest first."""

    def __post_init__(self) -> None:
        self._start, self._end = self.low, self.high

    def ids(self, text: str, tokenizer: TextTokenizer) -> list[int]:
        """Of what was taken: line by line, or tokenised as a whole where lines depend on each
        other."""
        backward = [i for line in reversed(self.backward) for i in line.ids]
        if tokenizer.lines_are_independent:
            return self.forward + backward
        if self.low >= self.high and self.forward and backward:
            whole = tokenizer.encode(_as_seen(text[self._start : self._end]))
            if len(whole) <= len(self.forward) + len(backward):
                return whole
        # A line that was cut to the budget is cut again.
        ahead = (
            tokenizer.encode(_as_seen(text[self._start : self.low]))[: len(self.forward)]
            if self.forward
            else []
        )
        behind = (
            tokenizer.encode(_as_seen(text[self.high : self._end]))[-len(backward) :]
            if backward
            else []
        )
        return ahead + behind


def context_window(
    text: str, spans: list[Span], tokenizer: TextTokenizer, budget: int
) -> ContextWindow:
    """The text around the sorted spans, ``budget`` tokens in all."""
    borders = [0, *[b for span in spans for b in (span.start, span.end)], len(text)]
    gaps = [_Gap(borders[i], borders[i + 1]) for i in range(0, len(borders), 2)]
    # (weighted tokens taken, gap, side); the first gap has no span on its left, the last none on
    # its right.
    sides = [(0.0, i, -1) for i in range(len(gaps) - 1)] + [
        (0.0, i, +1) for i in range(1, len(gaps))
    ]
    heapq.heapify(sides)
    left = budget
    while sides and left > 0:
        used, index, side = heapq.heappop(sides)
        gap = gaps[index]
        if gap.low >= gap.high:
            continue
        room = left * CHARS_PER_TOKEN
        first = used == 0.0
        line = _line_behind if side > 0 else _line_before
        border, ids = line(text, gap.low, gap.high, tokenizer, room)
        if len(ids) > left:
            if not first:
                continue  # the window ends at a line border
            if side > 0:
                ids = ids[:left]
            else:
                border, ids = _cut(text, border, gap.high, tokenizer, left)
        if side > 0:
            gap.low = border
            gap.forward += ids
        else:
            gap.high = border
            gap.backward.append(_Line(border, ids))
        left -= len(ids)
        weight = PREFIX_WEIGHT if side < 0 else 1.0
        heapq.heappush(sides, (used + max(1, len(ids)) * weight, index, side))
    _begin_with_a_block(text, gaps[0])
    return ContextWindow([gap.ids(text, tokenizer) for gap in gaps], gaps[0].high, gaps[-1].low)


def _line_behind(
    text: str, start: int, high: int, tokenizer: TextTokenizer, room: int
) -> tuple[int, list[int]]:
    """Where the first line of ``text[start:high]`` ends, or what there is room for of it, and its
    ids."""
    farthest = min(high, start + room)
    end = text.find("\n", start, farthest) + 1 or farthest
    return end, tokenizer.encode(_as_seen(text[start:end]))


def _line_before(
    text: str, low: int, end: int, tokenizer: TextTokenizer, room: int
) -> tuple[int, list[int]]:
    """Where the last line of ``text[low:end]`` begins, or a block of it that there is room for, and
    its ids."""
    nearest = max(low, end - room)
    inside = min(end - 1, _next_block(nearest)) if nearest > low else low
    start = text.rfind("\n", nearest, end - 1) + 1 or inside
    return start, tokenizer.encode(_as_seen(text[start:end]))


def _cut(
    text: str, start: int, end: int, tokenizer: TextTokenizer, most: int
) -> tuple[int, list[int]]:
    """The end of a line of more than ``most`` tokens: from the first block on from which it has no
    more than these, or so many where a block is most of them."""
    ids, offsets = tokenizer.encode_with_offsets(_as_seen(text[start:end]))
    if most >= SMALL:
        at = _next_block(start + offsets[-most][0])
        while at < end:
            rest = tokenizer.encode(_as_seen(text[at:end]))
            if len(rest) <= most:
                return at, rest
            at += BLOCK
    return start, ids[-most:]


def _next_block(at: int) -> int:
    return at + -at % BLOCK


def _begin_with_a_block(text: str, gap: _Gap) -> None:
    """Leave out the farthest lines, up to the first one that is the first of its block."""
    for number, line in reversed(list(enumerate(gap.backward))):
        if _begins_block(text, line.start):
            del gap.backward[number + 1 :]
            gap.high = line.start
            return


def _begins_block(text: str, start: int) -> bool:
    """Whether no line that begins before ``start`` begins in the same block; inside a line, whether
    the block itself begins there."""
    block = start - start % BLOCK
    if start and text[start - 1] != "\n":
        return start == block
    return start == 0 or (block > 0 and text.find("\n", block - 1, start - 1) < 0)


def _as_seen(piece: str) -> str:
    return piece.replace("\r\n", "\n").removeprefix("\ufeff")
