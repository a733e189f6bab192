"""Which part of a document the model sees: the lines nearest to the spans, within a token budget.

From every side of every span the window grows outwards line by line, the shortest side first, so
several distant spans share one canvas and a document of any size costs the same. It begins at one
of few places, which typing does not move: what was encoded for one keystroke serves the next.
Line ends are shown to the model as ``\\n`` and a byte order mark is not shown at all; the document
itself keeps both.
"""

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
            return tokenizer.encode(_as_seen(text[self._start : self._end]))
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
        if side > 0:
            ids = _take_forward(text, gap, tokenizer, room)
        else:
            start, ids = _line_before(text, gap.low, gap.high, tokenizer, room)
        if len(ids) > left:
            if not first:
                continue  # the window ends at a line border
            if side < 0:
                start, ids = _cut(text, start, gap.high, tokenizer, left)
            ids = ids[:left]
        if side > 0:
            gap.forward += ids
        else:
            gap.backward.append(_Line(start, ids))
            gap.high = start
        left -= len(ids)
        weight = PREFIX_WEIGHT if side < 0 else 1.0
        heapq.heappush(sides, (used + max(1, len(ids)) * weight, index, side))
    _begin_with_a_block(text, gaps[0])
    return ContextWindow([gap.ids(text, tokenizer) for gap in gaps], gaps[0].high, gaps[-1].low)


def _take_forward(text: str, gap: _Gap, tokenizer: TextTokenizer, room: int) -> list[int]:
    end = text.find("\n", gap.low, min(gap.high, gap.low + room)) + 1 or min(
        gap.high, gap.low + room
    )
    piece, gap.low = text[gap.low : end], end
    return tokenizer.encode(_as_seen(piece))


def _line_before(
    text: str, low: int, end: int, tokenizer: TextTokenizer, room: int
) -> tuple[int, list[int]]:
    """Where the last line of ``text[low:end]`` begins, or what there is room for of it, and its
    ids."""
    nearest = max(low, end - room)
    start = text.rfind("\n", nearest, end - 1) + 1 or nearest
    return start, tokenizer.encode(_as_seen(text[start:end]))


def _cut(
    text: str, start: int, end: int, tokenizer: TextTokenizer, most: int
) -> tuple[int, list[int]]:
    """The end of a line that is too long: from the first block on from which it has ``most`` tokens
    or fewer."""
    low = start
    while True:
        start += BLOCK - start % BLOCK
        if start >= end:  # a block of more tokens than that
            start = max(low, end - most)
            return start, tokenizer.encode(_as_seen(text[start:end]))[-most:]
        ids = tokenizer.encode(_as_seen(text[start:end]))
        if len(ids) <= most:
            return start, ids
        # Half of what is too much is skipped at once, so that a long line takes few attempts.
        start += (end - start) * (len(ids) - most) // (2 * len(ids))


def _begin_with_a_block(text: str, gap: _Gap) -> None:
    """Leave out the farthest lines, up to the first one that is the first of its block."""
    for number, line in reversed(list(enumerate(gap.backward))):
        if _begins_block(text, line.start):
            del gap.backward[number + 1 :]
            gap.high = line.start
            return


def _begins_block(text: str, start: int) -> bool:
    """Whether no line that begins before ``start`` begins in the same block."""
    block = start - start % BLOCK
    return start == 0 or (block > 0 and text.find("\n", block - 1, start - 1) < 0)


def _as_seen(piece: str) -> str:
    return piece.replace("\r\n", "\n").removeprefix("\ufeff")
