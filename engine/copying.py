"""Answers that the document holds already: what stood elsewhere between the same text on the left and on the right.

A cache model read from both sides: every place whose left neighbourhood matches that of the span is followed to where the
right one matches, and what lies between is a candidate. How long both matches are, how often a candidate was found and how
long it is give the probability that it is what was meant; the weights were fitted on files of the training packages
(``python -m benchmarks.copy_weights``). Related files are searched too. No pass of the model is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.messages import Snippet

REACH = 16_000
"""Characters on each side of the span that are searched."""
LONGEST_MATCH = 48
LONGEST_COPY, LONGEST_LINES = 100, 240
"""Characters of a candidate within a line, and over lines."""
MOST_PLACES = 1_000
"""Of one file."""
RANKED = 8
"""Candidates whose probability is computed."""
WALL = "\0"
"""Stands where the search must not pass: the span itself, other spans, the ends of files."""

WEIGHTS = (-3.903, 0.128, 0.549, 0.956, 0.865, 0.367, -0.481, -0.295, -0.717, -0.943, -2.021, 0.549, 0.267)
"""Of ``_features``: which candidate is the best."""
SLOPE, OFFSET = 0.929, 0.796
"""From the best candidate's score to its log-odds of being right."""


@dataclass(frozen=True)
class Copy:
    text: str
    score: float

    @property
    def probability(self) -> float:
        """That this is exactly what was meant, if it is the best candidate."""
        return float(1.0 / (1.0 + np.exp(-(SLOPE * self.score + OFFSET))))


@dataclass
class _Found:
    """The longest matches around a candidate, and how often it was found."""

    left: int = 0
    right: int = 0
    count: int = 0


def copies(
    text: str,
    start: int,
    end: int,
    related: Sequence[Snippet] = (),
    others: Sequence[tuple[int, int]] = (),
    single_line: bool = True,
) -> list[Copy]:
    """Candidates for ``text[start:end]``, the best first; ``others`` are ranges whose text is not known either."""
    found = [Copy(c, float(np.dot(WEIGHTS, f))) for c, f in candidates(text, start, end, related, others, single_line)]
    return sorted(found, key=lambda copy: -copy.score)


def candidates(
    text: str,
    start: int,
    end: int,
    related: Sequence[Snippet] = (),
    others: Sequence[tuple[int, int]] = (),
    single_line: bool = True,
) -> list[tuple[str, list[float]]]:
    """Candidates with the features that the weights belong to, those of the longest matches."""
    low, high = max(0, start - REACH), min(len(text), end + REACH)
    before, after = _walled(text, low, start, others), _walled(text, end, high, others)
    sources = [before + WALL + after, *(snippet.text[:REACH].replace("\r\n", "\n") for snippet in related)]
    key = _key(before)
    if not key or not after or after[0] == WALL:
        return []
    found: dict[str, _Found] = {}
    places = 0
    for number, source in enumerate(sources):
        for at in _occurrences(source, key, len(before) if number == 0 else -1):
            places += 1
            left = _match_left(source, at, before, len(key))
            _collect(source, at, left, after, single_line, found)
    indented = not before[before.rfind("\n") + 1 :].strip()
    rated = [(copy, _features(copy, f, before, after, places, indented)) for copy, f in found.items()]
    return sorted(rated, key=lambda pair: -(pair[1][1] + pair[1][2] + 0.3 * (pair[1][3] + pair[1][4])))[:RANKED]


def _walled(text: str, low: int, high: int, hidden: Sequence[tuple[int, int]]) -> str:
    """``text[low:high]`` with a wall in place of every hidden character."""
    part = text[low:high]
    for start, end in hidden:
        first, last = max(start, low) - low, min(end, high) - low
        if first < last:
            part = part[:first] + WALL * (last - first) + part[last:]
    return part


def _key(before: str) -> str:
    """The shortest left neighbourhood that is worth a search: two characters, or the whole indentation of a line."""
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


def _collect(source: str, at: int, left: int, after: str, single_line: bool, found: dict[str, _Found]) -> None:
    """Add every candidate that begins at ``at``: it ends where the source goes on as the text does after the span."""
    reach = source[at : at + (LONGEST_COPY if single_line else LONGEST_LINES)]
    wall = reach.find(WALL)
    line_end = reach.find("\n") if single_line else -1
    ends = [place for place in (wall, line_end + 1 if line_end >= 0 else -1) if place >= 0]
    reach = reach[: min(ends, default=len(reach))]
    here = reach.find(after[0])
    while here >= 0:
        if copy := reach[:here]:
            right, most = 1, min(len(after), len(source) - at - here, LONGEST_MATCH)
            while right < most and source[at + here + right] == after[right] != WALL:
                right += 1
            if copy.strip():
                known = found.setdefault(copy, _Found())
                known.count += 1
                if left + right > known.left + known.right:
                    known.left, known.right = left, right
        here = reach.find(after[0], here + 1)


def _features(copy: str, found: _Found, before: str, after: str, places: int, indented: bool) -> list[float]:
    left, right = _dense(before[len(before) - found.left :]), _dense(after[: found.right])
    line = float(indented)
    logs = np.log1p([left, right, found.left, found.right, found.count, places, min(left, right)]).tolist()
    return [1.0, *logs, float(np.log(len(copy))), float(after[0] == "\n"), line, line * logs[0], line * logs[1]]


def _dense(text: str) -> int:
    """Characters that are no blanks."""
    return sum(not character.isspace() for character in text)
