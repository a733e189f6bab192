"""Answers that the document holds already: what stood elsewhere between the same text on the left
and on the right.

Every occurrence of its left neighbourhood is followed to where the right one matches, and what lies
between is a candidate. Related files are searched too. No pass of the model
is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.copying.span_context import SENTINEL, SpanContext

LONGEST_MATCH = 48
MOST_OCCURRENCES, MOST_ENDS = 1_000, 4_000
"""Of one file. In a text that repeats itself (rules, tables of zeros) every occurrence has hundreds
of ends."""
KEPT = 8


@dataclass
class VerbatimMatch:
    """How far both sides of a candidate agree with those of the span, for the occurrence that
    agrees furthest."""

    left: int = 0
    right: int = 0
    """Characters."""
    left_solid: int = 0
    right_solid: int = 0
    """Characters that are not blanks."""
    count: int = 0
    """Occurrences."""

    def add(self, left: int, right: int) -> None:
        """Count another occurrence; keep the one that agrees further."""
        self.count += 1
        if left + right > self.left + self.right:
            self.left, self.right = left, right

    @property
    def score(self) -> float:
        return self.left_solid + self.right_solid + 0.3 * (self.left + self.right)


def verbatim_matches(context: SpanContext) -> dict[str, VerbatimMatch]:
    """Candidate -> the longest matches around it, in characters, for those of the longest."""
    key, before, after = _key(context.before), context.before, context.after
    if not key or not after or after[0] == SENTINEL:
        return {}
    found: dict[str, VerbatimMatch] = {}
    for number, source in enumerate((context.document, *context.related)):
        ends = 0
        for at in _occurrences(source, key, len(before) if number == 0 else -1):
            ends += _add_candidates(
                source, at, _match_left(source, at, before, len(key)), context, found
            )
            if ends > MOST_ENDS:
                break
    for match in found.values():
        match.left_solid, match.right_solid = (
            _solid(before[-match.left :]),
            _solid(after[: match.right]),
        )
    return dict(sorted(found.items(), key=lambda pair: -pair[1].score)[:KEPT])


def _key(before: str) -> str:
    """The shortest left neighbourhood that is worth a search: two characters, or the whole
    indentation of a line."""
    line = before[before.rfind("\n") + 1 :]
    key = before[-1 - len(line) :] if not line.strip() else before[-2:]
    return "" if len(key) < 2 and key != "\n" or SENTINEL in key else key


def _occurrences(source: str, key: str, own: int) -> Iterator[int]:
    """Where ``key`` ends in ``source``, the offset ``own`` left out."""
    at = source.find(key)
    for _ in range(MOST_OCCURRENCES):
        if at < 0:
            return
        if at + len(key) != own:
            yield at + len(key)
        at = source.find(key, at + 1)


def _match_left(source: str, at: int, before: str, known: int) -> int:
    most = min(at, len(before), LONGEST_MATCH)
    n = min(known, most)
    while n < most and source[at - n - 1] == before[-n - 1] != SENTINEL:
        n += 1
    return n


def _add_candidates(
    source: str, at: int, left: int, context: SpanContext, found: dict[str, VerbatimMatch]
) -> int:
    """Add every candidate that begins at ``at``: it ends where the source goes on as the text does
    after the span.

    Returns how many ends were looked at.
    """
    after = context.after
    reach = source[at : at + context.longest]
    hidden = reach.find(SENTINEL)
    line_end = reach.find("\n") if context.single_line else -1
    reach = reach[
        : min(
            (end for end in (hidden, line_end + 1 if line_end >= 0 else -1) if end >= 0),
            default=len(reach),
        )
    ]
    here, ends = reach.find(after[0]), 0
    while here >= 0:
        ends += 1
        if (copy := reach[:here]).strip():
            right, most = 1, min(len(after), len(source) - at - here, LONGEST_MATCH)
            while right < most and source[at + here + right] == after[right] != SENTINEL:
                right += 1
            found.setdefault(copy, VerbatimMatch()).add(left, right)
        here = reach.find(after[0], here + 1)
    return ends


def _solid(text: str) -> int:
    """Characters that are not blanks."""
    return sum(not character.isspace() for character in text)
