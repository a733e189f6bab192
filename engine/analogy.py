"""Answers by analogy: what stood at a place of the same shape, with the words exchanged that differ there.

After ``self.width = width`` and ``self.height = `` stands ``height``: read in words, both places agree but for one, and
what follows there follows here with that word exchanged. Identifiers are read in their parts (``test_width``, ``maxWidth``),
and a word is exchanged in whatever case it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from engine.backends import Bools, Floats, Ints
from engine.neighbourhood import WALL, Match, Neighbourhood

_LETTER = r"[^\W\d_A-Z]"
_PART = re.compile(rf"[A-Z]?{_LETTER}+|[A-Z]+(?!{_LETTER})|\d+|\n[ \t]*|[^\S\n]+|.")
"""Parts of identifiers, numbers, a line's end with the next one's indentation, blanks, and any other character."""
FAR = 24
"""Parts of a side that are compared."""
PLACES, KEPT = 60, 8
LONGEST = 60
"""Parts of a candidate."""
RENAMES = 3
"""Words that may differ on the left; one more on the right."""
BLANK, SAME_WORD, RENAMED = 0.25, 0.7, 0.3
"""Agreement of blanks, of a word in another case and, where places are chosen, of two words. An equal part counts 1."""


def analogies(place: Neighbourhood) -> dict[str, Match]:
    """Candidate -> how its place agrees with that of the span, in parts, for the best."""
    before, after = _read(place.before), _read(place.after)
    left, right = before.texts, after.texts
    # A word that the span cuts is written anew: the candidate must begin, or end, with what stands of it.
    head = left[-1] if left and _is_word(left[-1]) else ""
    tail = right[0] if right and _is_word(right[0]) else ""
    here = _Here(left[: len(left) - bool(head)], right[bool(tail) :], head, tail, place)
    found: dict[str, Match] = {}
    if len(here.left) >= 2 and here.right:
        here.search(_joined(before, after), found)
    return dict(sorted(found.items(), key=lambda pair: -_promise(pair[1]))[:KEPT])


@dataclass(frozen=True)
class _Parts:
    """A text in parts, with what is compared for all at once: their kinds, and which are words."""

    texts: list[str]
    kinds: Ints
    words: Bools


@lru_cache(maxsize=8)
def _read(text: str) -> _Parts:
    """Kept for what stands behind the cursor, which is the same from key to key."""
    texts = _PART.findall(text)
    kinds = np.fromiter((hash(part.lower()) for part in texts), np.int64, len(texts))
    return _Parts(texts, kinds, np.fromiter(map(_is_word, texts), bool, len(texts)))


def _joined(before: _Parts, after: _Parts) -> _Parts:
    wall = _read(WALL)
    texts = [*before.texts, WALL, *after.texts]
    kinds = np.concatenate((before.kinds, wall.kinds, after.kinds))
    return _Parts(texts, kinds, np.concatenate((before.words, wall.words, after.words)))


@dataclass(frozen=True)
class _Here:
    """The place of the span: the parts on its left and right, and what stands of the words that it cuts."""

    left: Sequence[str]
    right: Sequence[str]
    head: str
    tail: str
    place: Neighbourhood

    def search(self, source: _Parts, found: dict[str, Match]) -> None:
        """Add the candidates of ``source``, the document."""
        texts = source.texts
        for at in _places(source, self.left):
            left = _Alignment().extend(zip(reversed(texts[:at]), reversed(self.left[-FAR:]), strict=False), RENAMES)
            for end in _ends(texts, at, self.right[0], left.names, self.place):
                right = _Alignment(dict(left.names))
                right.extend(zip(texts[end : end + FAR], self.right, strict=False), RENAMES + 1)
                words = [_renamed(part, right.names) for part in texts[at:end]]
                answer = self._between("".join(words))
                if not right.length or not answer.strip() or len(answer) > self.place.longest:
                    continue
                renamed = sum(word != part for word, part in zip(words, texts[at:end], strict=True))
                match = found.setdefault(answer, Match())
                match.add(Match(left.same, right.same, left.renamed, right.renamed, renamed), _promise)
                match.distance = min(match.distance, abs(at - len(self.left)))

    def _between(self, text: str) -> str:
        """``text`` without what stands already of its first and last word; empty when they are others."""
        if len(text) < len(self.head) + len(self.tail) or not (text.startswith(self.head) and text.endswith(self.tail)):
            return ""
        return text[len(self.head) : len(text) - len(self.tail)]


def _promise(match: Match) -> float:
    return match.left + match.right - 0.5 * (match.left_less + match.right_less)


@dataclass
class _Alignment:
    """Parts of two places side by side, as far as they agree with one exchange of words."""

    names: dict[str, str] = field(default_factory=dict)
    same: float = 0.0
    renamed: int = 0
    length: int = 0

    def extend(self, pairs: Iterator[tuple[str, str]], renames: int) -> _Alignment:
        """Go on while there and here agree, with at most so many words exchanged."""
        for there, here in pairs:
            if there == WALL or here == WALL:
                break
            if there == here:
                self.same += BLANK if there.isspace() else 1.0
            elif not (_is_word(there) and _is_word(here)):
                break
            else:
                old, new = there.lower(), here.lower()
                if old == new:
                    self.same += SAME_WORD
                elif self.names.get(old, new) != new or (old not in self.names and len(self.names) >= renames):
                    break
                else:
                    self.names[old] = new
                    self.renamed += 1
            self.length += 1
        return self


def _places(source: _Parts, left: Sequence[str]) -> list[int]:
    """Where the left side is most like that of the span, the likest first: boundaries between parts of ``source``."""
    at: Ints = np.arange(1, len(source.texts))
    score: Floats = np.zeros(len(source.texts) + 1, np.float32)
    for back, part in enumerate(reversed(left[-FAR:]), 1):
        at = at[at >= back]
        same = source.kinds[at - back] == hash(part.lower())
        agree = same | source.words[at - back] if _is_word(part) else same
        if part == WALL or not agree.any():
            break
        at, same = at[agree], same[agree]
        score[at] += np.where(same, BLANK if part.isspace() else 1.0, RENAMED)
    score[len(left)] = 0  # the span's own place
    best = np.argsort(-score, kind="stable")[:PLACES]
    return [int(place) for place in best if score[place] > 1.0]


def _ends(source: Sequence[str], at: int, first: str, names: dict[str, str], place: Neighbourhood) -> Iterator[int]:
    """Where a candidate that begins at ``at`` may end: ``source`` goes on there as the text does behind the span."""
    length = 0
    for end in range(at + 1, min(len(source), at + LONGEST)):
        part = source[end - 1]
        length += len(part)
        if part == WALL or length > place.longest or (place.single_line and part[0] == "\n"):
            return
        there = source[end]
        if there == first or (_is_word(there) and _is_word(first) and names.get(there.lower()) == first.lower()):
            yield end


def _renamed(part: str, names: dict[str, str]) -> str:
    new = names.get(part.lower()) if _is_word(part) else None
    if new is None:
        return part
    if part.isupper() and len(part) > 1:
        return new.upper()
    return new.capitalize() if part[0].isupper() else new


def _is_word(part: str) -> bool:
    return part[0].isalnum()
