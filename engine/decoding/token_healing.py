"""Borders inside words: half a word before or after a span is written again, as part of the
answer's first or last token.

Where a span begins in the middle of a word, the context's last token is half a word, and what
follows it is not a token of natural text: hard to predict, even for a model that has seen such cuts
in training. So the half is taken back: the span's first token must begin with its text, and the
answer loses that text again (*token healing*). Mirrored, the same is done wherever a word follows:
whether the span ends inside it is not known before it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import Constraint, ConstraintTable
from engine.request.messages import Span
from engine.request.words import is_word
from engine.text.tokenizer import TextTokenizer


@dataclass(frozen=True)
class Border:
    """Text of the tokens taken back before and after a span."""

    before: str = ""
    after: str = ""
    blank: bool = False
    """``before`` is a blank, which is part of the first word's token and needs no slot of its own.
    """

    @property
    def slots(self) -> int:
        return bool(self.before and not self.blank) + bool(self.after)

    def strip(self, answer: str) -> str:
        """The answer without what stands around it already."""
        answer = answer.removeprefix(self.before)
        return answer.removesuffix(self.after) if self.after else answer


@dataclass(frozen=True)
class OuterRows:
    """Constraint rows of a span beside half a word: of its first slot, its last one, and of one
    that is both; ``None``: as usual."""

    first: int | None
    last: int | None
    only: int | None


@dataclass
class TokenHealing:
    """The borders of the spans of one request, with the constraint rows of their outer slots."""

    pieces: list[list[int]]
    """The context without the tokens that were taken back."""
    table: ConstraintTable
    borders: dict[int, Border] = field(default_factory=dict)
    rows: dict[int, OuterRows] = field(default_factory=dict)

    def least(self, group: int) -> int:
        """Slots that a span needs: two where no token begins with one half word and ends with the
        other."""
        rows = self.rows.get(group)
        return (
            2
            if rows is not None
            and rows.first is not None
            and rows.last is not None
            and rows.only is None
            else 1
        )

    def first_tokens(self, group: int, table: ConstraintTable, usual: Bools) -> Bools:
        """(V,) what a span that is written from the left may begin with: the half word that was
        taken back, or what is ``usual``; ``table`` has the rows of this request."""
        outer, border = self.rows.get(group), self.borders.get(group, Border())
        begins = outer is not None and outer.first is not None and border.before
        return table.allowed[outer.first] if outer is not None and begins else usual

    def slots(self, group: int) -> int:
        """Slots of a span that hold the half words beside it, beyond what was asked for."""
        return self.borders[group].slots if group in self.borders else 0

    def apply(self, canvas: Canvas, masked: Ints, rows: Ints) -> Ints:
        """Constraint rows with those of the outer slots of healed spans."""
        for group, outer in self.rows.items():
            places = canvas.places(group)
            alone = len(places) == 1 and outer.only is not None
            for row, place in (
                ((outer.only, places[0]),)
                if alone
                else ((outer.first, places[0]), (outer.last, places[-1]))
            ):
                if row is not None:
                    rows = np.where(masked == place, row, rows)
        return rows


def heal(
    text: str,
    spans: Sequence[Span],
    pieces: Sequence[Sequence[int]],
    tokenizer: TextTokenizer,
    table: ConstraintTable,
    blanks: Collection[int] = (),
) -> TokenHealing:
    """Take back half words on both sides of every span whose length is free.

    ``blanks`` are spans whose piece before them was tokenised without the blank that stands there.
    """
    healing = TokenHealing([list(piece) for piece in pieces], table)
    extra: list[Bools] = []

    def row(ids: Ints, base: Bools) -> int | None:
        """A new constraint row: of ``ids`` those that ``base`` allows; ``None`` where that leaves
        nothing."""
        narrowed = np.zeros_like(base)
        narrowed[ids] = base[ids]
        if not narrowed.any():
            return None
        extra.append(narrowed)
        return len(table.allowed) + len(extra) - 1

    for i, span in enumerate(spans):
        told = (
            span.tokens is not None
            or span.min_tokens > 1
            or span.pins
            or span.lines
            or span.choices
            or span.name
        )
        if told and i not in blanks:
            continue
        left, right = healing.pieces[i], healing.pieces[i + 1]
        base = table.row(Constraint.SINGLE_LINE if span.single_line else Constraint.TEXT)
        before = tokenizer.decode(left[-1:]) if left and _word_at(text, span.start - 1) else ""
        before = " " if i in blanks else before
        after = (
            tokenizer.decode(right[:1]) if right and not told and _word_at(text, span.end) else ""
        )
        begin, end = tokenizer.ids_that_begin(before), tokenizer.ids_that_end(after)
        first, last = (row(begin, base) if before else None), (row(end, base) if after else None)
        if first is None and last is None:
            continue
        if first is not None and i not in blanks:
            left.pop()
        if last is not None:
            right.pop(0)
        both = first is not None and last is not None
        healing.borders[i] = Border(
            before if first is not None else "", after if last is not None else "", i in blanks
        )
        healing.rows[i] = OuterRows(
            first, last, row(np.intersect1d(begin, end), base) if both else first or last
        )
    healing.table = table.extended(extra)
    return healing


def _word_at(text: str, at: int) -> bool:
    return 0 <= at < len(text) and is_word(text[at])
