"""Copies with words exchanged: what stood in text of the same shape, with other words where the two
texts differ.

After ``self.width = width`` and ``self.height = `` stands ``height``: read in words, both texts
agree but for one, and what follows there follows here with that word exchanged. Identifiers are
read in their parts (``test_width``, ``maxWidth``), and a word is exchanged in whatever case it is
written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.base.arrays import Floats, Ints
from engine.copying.span_context import SENTINEL, SpanContext
from engine.copying.subtokens import (
    Subtokens,
    is_alphanumeric,
    is_blank,
    reindented,
    split_subtokens,
)

COMPARED_PARTS = 24
"""Parts of a side that are compared."""
MOST_BOUNDARIES, KEPT = 120, 12
"""Boundaries between parts that are looked at, and candidates that are kept: bounds on the time of
a keystroke."""
LONGEST_CANDIDATE = 60
"""Parts of a candidate."""
MOST_CANDIDATES = 1_000
"""Candidates that are compared; a text that repeats itself has many more."""
MOST_RENAMES = 3
"""Words that may differ on the left; one more on the right."""
BLANK, SAME_WORD, RENAMED = 0.25, 0.7, 0.3
"""Agreement of blanks, of a word in another case and, where boundaries are chosen, of two words. An
equal part counts 1."""


@dataclass
class RenamedMatch:
    """How well the parts around a candidate agree with those around the span, where they agree
    best."""

    left: float = 0.0
    right: float = 0.0
    left_renamed: int = 0
    right_renamed: int = 0
    """Parts that agree only after words were exchanged."""
    renamed: int = 0
    """Words of the candidate that were exchanged."""
    count: int = 0
    """Boundaries at which it begins."""
    distance: int = 1_000_000
    """Of the nearest one, in parts."""

    @property
    def score(self) -> float:
        return _score(self.left + self.right, self.left_renamed + self.right_renamed)

    def add(self, left: _Alignment, right: _Alignment, renamed: int, distance: int) -> None:
        """Count another one; keep the one that agrees better."""
        self.count += 1
        self.distance = min(self.distance, distance)
        if (
            self.count == 1
            or _score(left.same + right.same, left.renamed + right.renamed) > self.score
        ):
            self.left, self.left_renamed = left.same, left.renamed
            self.right, self.right_renamed = right.same, right.renamed
            self.renamed = renamed


def _score(same: float, renamed: int) -> float:
    return same - 0.5 * renamed


def renamed_matches(context: SpanContext) -> dict[str, RenamedMatch]:
    """Candidate -> how the parts around it agree with those around the span, for the best."""
    before = split_subtokens(context.before, "")
    after = split_subtokens(context.after, before.indents[-1] if before.texts else "")
    # A word that the span cuts is written again: the candidate must begin, or end, with what stands
    # of it.
    head = before.texts[-1] if before.texts and is_alphanumeric(before.texts[-1]) else ""
    tail = after.texts[0] if after.texts and is_alphanumeric(after.texts[0]) else ""
    left = before.keys[: len(before.keys) - bool(head)]
    # How the next line is indented from the answer's last one is not known, so its own indentation
    # counts.
    right = after.texts[bool(tail) :][:1] + after.keys[bool(tail) + 1 :]
    sides = _SpanSides(left, right, head, tail, before, context)
    found: dict[str, RenamedMatch] = {}
    if len(sides.left) >= 2 and sides.right:
        sides.search(before + split_subtokens(SENTINEL, "") + after, found)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].score)[:KEPT])


@dataclass(frozen=True)
class _SpanSides:
    """The two sides of the span: keys of the parts on its left and right, and what stands of the
    words that it cuts."""

    left: Sequence[str]
    right: Sequence[str]
    head: str
    tail: str
    before: Subtokens
    context: SpanContext

    def search(self, source: Subtokens, found: dict[str, RenamedMatch]) -> None:
        """Add the candidates of ``source``, the document."""
        keys, own, compared = source.keys, self.before.indents[-1], 0
        for at in _boundaries(source, self.left):
            left = _Alignment().extend(
                zip(reversed(keys[:at]), reversed(self.left[-COMPARED_PARTS:]), strict=False),
                MOST_RENAMES,
            )
            # Lines are reindented from the depth there to that of the span.
            there = source.indents[at - 1]
            candidate = [
                p if p[0] != "\n" else reindented(p, there, own)
                for p in source.texts[at : at + LONGEST_CANDIDATE]
            ]
            for size in self._sizes(candidate, left.names):
                end, compared = at + size, compared + 1
                if compared > MOST_CANDIDATES:
                    return
                right = _Alignment(dict(left.names))
                right.extend(
                    zip(
                        [candidate[size], *keys[end + 1 : end + COMPARED_PARTS]],
                        self.right,
                        strict=False,
                    ),
                    MOST_RENAMES + 1,
                )
                words = [_renamed(part, right.names) for part in candidate[:size]]
                answer = self._between("".join(words))
                if not right.length or not answer.strip() or len(answer) > self.context.longest:
                    continue
                renamed = sum(word != part for word, part in zip(words, candidate, strict=False))
                found.setdefault(answer, RenamedMatch()).add(
                    left, right, renamed, abs(at - len(self.left))
                )

    def _sizes(self, parts: Sequence[str], names: dict[str, str]) -> Iterator[int]:
        """How many of ``parts`` a candidate may have: the next one is what stands behind the
        span."""
        first, length = self.right[0], 0
        for size in range(1, len(parts)):
            part, there = parts[size - 1], parts[size]
            length += len(part)
            if (
                part == SENTINEL
                or length > self.context.longest
                or (self.context.single_line and part[0] == "\n")
            ):
                return
            if (
                there == first
                or there[0] == first[0] == "\n"
                or (
                    is_alphanumeric(there)
                    and is_alphanumeric(first)
                    and names.get(there.lower()) == first.lower()
                )
            ):
                yield size

    def _between(self, text: str) -> str:
        """``text`` without what stands already of its first and last word; empty when they are
        others."""
        if len(text) < len(self.head) + len(self.tail) or not (
            text.startswith(self.head) and text.endswith(self.tail)
        ):
            return ""
        return text[len(self.head) : len(text) - len(self.tail)]


@dataclass
class _Alignment:
    """Parts of two texts side by side, as far as they agree with one exchange of words."""

    names: dict[str, str] = field(default_factory=dict)
    same: float = 0.0
    renamed: int = 0
    length: int = 0

    def extend(self, pairs: Iterator[tuple[str, str]], renames: int) -> _Alignment:
        """Go on while there and here agree, with at most so many words exchanged."""
        for there, here in pairs:
            if there == SENTINEL or here == SENTINEL:
                break
            if there == here:
                self.same += BLANK if is_blank(there) else 1.0
            elif there[0] == here[0] == "\n":  # both lines end; what follows is indented otherwise
                self.length += 1
                break
            elif not (is_alphanumeric(there) and is_alphanumeric(here)):
                break
            else:
                old, new = there.lower(), here.lower()
                if old == new:
                    self.same += SAME_WORD
                elif self.names.get(old, new) != new or (
                    old not in self.names and len(self.names) >= renames
                ):
                    break
                else:
                    self.names[old] = new
                    self.renamed += 1
            self.length += 1
        return self


def _boundaries(source: Subtokens, left: Sequence[str]) -> list[int]:
    """Boundaries between parts of ``source`` where the left side is like that of the span, the most
    similar first."""
    at: Ints = np.arange(1, len(source.texts))
    score: Floats = np.zeros(len(source.texts) + 1, np.float32)
    for back, part in enumerate(reversed(left[-COMPARED_PARTS:]), 1):
        at = at[at >= back]
        same = source.kinds[at - back] == hash(part.lower())
        agree = same | source.words[at - back] if is_alphanumeric(part) else same
        if part == SENTINEL or not agree.any():
            break
        at, same = at[agree], same[agree]
        score[at] += np.where(same, BLANK if is_blank(part) else 1.0, RENAMED)
    score[len(left)] = 0  # the span itself
    best = np.argsort(-score, kind="stable")[:MOST_BOUNDARIES]
    return [int(boundary) for boundary in best if score[boundary] > 1.0]


def _renamed(part: str, names: dict[str, str]) -> str:
    new = names.get(part.lower()) if is_alphanumeric(part) else None
    if new is None:
        return part
    if part.isupper() and len(part) > 1:
        return new.upper()
    return new.capitalize() if part[0].isupper() else new
