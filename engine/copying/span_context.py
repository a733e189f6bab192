"""What stands around a span, as the searches for answers see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.request.messages import Snippet

REACH = 16_000
"""Characters on each side of the span that are searched, and of a related file."""
LONGEST_COPY, LONGEST_LINES = 100, 240
"""Characters of an answer within a line, and over lines."""
PLAIN_PROSE = frozenset({"plaintext"})
"""Languages in which repeated words tell less; Markdown repeats itself as code does."""
SENTINEL = "\0"
"""Stands where a search must not pass: the span itself, other spans, the ends of files."""


@dataclass(frozen=True)
class SpanContext:
    """The text before and after a span; what is not known of it is hidden behind ``SENTINEL``."""

    before: str
    after: str
    related: tuple[str, ...]
    single_line: bool
    prose: bool = False

    @classmethod
    def of(
        cls,
        text: str,
        start: int,
        end: int,
        related: Sequence[Snippet] = (),
        others: Sequence[tuple[int, int]] = (),
        single_line: bool = True,
        language: str | None = None,
    ) -> SpanContext:
        """Of ``text[start:end]``; ``others`` are ranges whose text is not known either."""
        before = _with_sentinels(text, max(0, start - REACH), start, others)
        # A document ends as a line does.
        after = (
            _with_sentinels(text, end, min(len(text), end + REACH), others)
            if end < len(text)
            else "\n"
        )
        return cls(
            before,
            after,
            tuple(s.text[:REACH].replace("\r\n", "\n") for s in related),
            single_line,
            language in PLAIN_PROSE,
        )

    @property
    def document(self) -> str:
        """Both sides with a sentinel in place of the span."""
        return self.before + SENTINEL + self.after

    @property
    def longest(self) -> int:
        """Characters of an answer."""
        return LONGEST_COPY if self.single_line else LONGEST_LINES

    @property
    def own_line(self) -> bool:
        """True where only blanks stand before the span on its line."""
        return not self.before[self.before.rfind("\n") + 1 :].strip()


def _with_sentinels(text: str, low: int, high: int, hidden: Sequence[tuple[int, int]]) -> str:
    """``text[low:high]`` with a sentinel in place of every hidden range, of an empty one too."""
    pieces, at = [], low
    for start, end in sorted(hidden):
        if start <= high and end >= low:
            pieces += [text[at : max(at, start)], SENTINEL]
            at = max(at, end)
    return "".join([*pieces, text[at:high]])
