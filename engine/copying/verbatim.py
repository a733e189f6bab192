"""Answers that the document holds already: what stood elsewhere between the same text on the left
and on the right.

Every place whose left neighbourhood matches that of the span is followed to where the right one
matches, and what lies between is a candidate. Related files are searched too. No pass of the model
is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.copying.span_context import WALL, SpanContext

LONGEST_MATCH = 48
MOST_PLACES, MOST_ENDS = 1_000, 4_000
"""Of one file. In a text that repeats itself (rules, tables of zeros) every place has hundreds of
ends."""
KEPT = 8


@dataclass
class Repeat:
    """How far both sides of a place agree with those of the span where a candidate stands, at the
    best place."""

    left: int = 0
    right: int = 0
    """Characters."""
    left_dense: int = 0
    right_dense: int = 0
    """Characters that are not blanks."""
    count: int = 0
    """Places."""

    def add(self, left: int, right: int) -> None:
        """Count another place; keep the one that agrees further."""
        self.count += 1
        if left + right > self.left + self.right:
            self.left, self.right = left, right

    @property
    def promise(self) -> float:
        return self.left_dense + self.right_dense + 0.3 * (self.left + self.right)


def verbatim(place: SpanContext) -> dict[str, Repeat]:
    """Candidate -> the longest matches around it, in characters, for those of the longest."""
    key, before, after = _key(place.before), place.before, place.after
    if not key or not after or after[0] == WALL:
        return {}
    found: dict[str, Repeat] = {}
    for number, source in enumerate((place.document, *place.related)):
        ends = 0
        for at in _occurrences(source, key, len(before) if number == 0 else -1):
            ends += _collect(source, at, _match_left(source, at, before, len(key)), place, found)
            if ends > MOST_ENDS:
                break
    for repeat in found.values():
        repeat.left_dense, repeat.right_dense = (
            _dense(before[-repeat.left :]),
            _dense(after[: repeat.right]),
        )
    return dict(sorted(found.items(), key=lambda pair: -pair[1].promise)[:KEPT])


def _key(before: str) -> str:
    """The shortest left neighbourhood that is worth a search: two characters, or the whole
    indentation of a line."""
    line = before[before.rfind("\n") + 1 :]
    key = before[-1 - len(line) :] if not line.strip() else before[-2:]
    return "" if len(key) < 2 and key != "\n" or WALL in key else key


def _occurrences(source: str, key: str, own: int) -> Iterator[int]:
    """Where ``key`` ends in ``source``, the place ``own`` left out."""
    at = source.find(key)
    for _ in range(MOST_PLACES):
        if at < 0:
            return
        if at + len(key) != own:
            yield at + len(key)
        at = source.find(key, at + 1)


def _match_left(source: str, at: int, before: str, known: int) -> int:
    most = min(at, len(before), LONGEST_MATCH)
    n = min(known, most)
    while n < most and source[at - n - 1] == before[-n - 1] != WALL:
        n += 1
    return n


def _collect(source: str, at: int, left: int, place: SpanContext, found: dict[str, Repeat]) -> int:
    """Add every candidate that begins at ``at``: it ends where the source goes on as the text does
    after the span.

    Returns how many ends were looked at.
    """
    after = place.after
    reach = source[at : at + place.longest]
    wall = reach.find(WALL)
    line_end = reach.find("\n") if place.single_line else -1
    reach = reach[
        : min(
            (end for end in (wall, line_end + 1 if line_end >= 0 else -1) if end >= 0),
            default=len(reach),
        )
    ]
    here, ends = reach.find(after[0]), 0
    while here >= 0:
        ends += 1
        if (copy := reach[:here]).strip():
            right, most = 1, min(len(after), len(source) - at - here, LONGEST_MATCH)
            while right < most and source[at + here + right] == after[right] != WALL:
                right += 1
            found.setdefault(copy, Repeat()).add(left, right)
        here = reach.find(after[0], here + 1)
    return ends


def _dense(text: str) -> int:
    """Characters that are not blanks."""
    return sum(not character.isspace() for character in text)
