"""What stands around a span, as the searches for answers see it, and how well another place agrees with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.messages import Snippet

REACH = 16_000
"""Characters on each side of the span that are searched, and of a related file."""
LONGEST_COPY, LONGEST_LINES = 100, 240
"""Characters of an answer within a line, and over lines."""
WALL = "\0"
"""Stands where a search must not pass: the span itself, other spans, the ends of files."""


@dataclass(frozen=True)
class Neighbourhood:
    """The text before and after a span; what is not known of it is walled off."""

    before: str
    after: str
    related: tuple[str, ...]
    single_line: bool

    @classmethod
    def of(
        cls,
        text: str,
        start: int,
        end: int,
        related: Sequence[Snippet] = (),
        others: Sequence[tuple[int, int]] = (),
        single_line: bool = True,
    ) -> Neighbourhood:
        """Of ``text[start:end]``; ``others`` are ranges whose text is not known either."""
        before = _walled(text, max(0, start - REACH), start, others)
        after = _walled(text, end, min(len(text), end + REACH), others)
        return cls(before, after, tuple(s.text[:REACH].replace("\r\n", "\n") for s in related), single_line)

    @property
    def document(self) -> str:
        """Both sides with a wall in place of the span."""
        return self.before + WALL + self.after

    @property
    def longest(self) -> int:
        """Characters of an answer."""
        return LONGEST_COPY if self.single_line else LONGEST_LINES

    @property
    def own_line(self) -> bool:
        """True where only blanks stand before the span on its line."""
        return not self.before[self.before.rfind("\n") + 1 :].strip()


@dataclass
class Match:
    """How well the places agree where a candidate was found, at the best of them, and how many there are."""

    left: float = 0.0
    right: float = 0.0
    left_less: float = 0.0
    """Verbatim: the same without blanks. By analogy: how much agrees only after renaming."""
    right_less: float = 0.0
    renamed: int = 0
    """Words of the candidate that were exchanged."""
    count: int = 0
    distance: int = 1_000_000
    """By analogy: of the nearest place, in parts."""

    def add(self, other: Match, promise: Callable[[Match], float]) -> None:
        """Count another place; keep the agreement of the one that promises more."""
        self.count += 1
        if self.count == 1 or promise(other) > promise(self):
            self.left, self.right, self.renamed = other.left, other.right, other.renamed
            self.left_less, self.right_less = other.left_less, other.right_less


def _walled(text: str, low: int, high: int, hidden: Sequence[tuple[int, int]]) -> str:
    """``text[low:high]`` with a wall in place of every hidden range, of an empty one too."""
    pieces, at = [], low
    for start, end in sorted(hidden):
        if start <= high and end >= low:
            pieces += [text[at : max(at, start)], WALL]
            at = max(at, end)
    return "".join([*pieces, text[at:high]])
