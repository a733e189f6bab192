"""Borders inside words, for models that were not trained on text cut at any character.

Where a span begins in the middle of a word, the context's last token is half a word, which such a model has never seen
before a gap. It is taken back: the span's first token must begin with the text that was taken, and the answer loses that
text again. The same holds, mirrored, where a span ends in the middle of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.backends import Bools, Ints
from engine.canvas import Canvas
from engine.messages import Span
from engine.tokenizer import TextTokenizer
from engine.vocabulary import SINGLE_LINE, TEXT
from engine.word_edges import is_word


@dataclass(frozen=True)
class Border:
    """Text of the tokens taken back before and after a span."""

    before: str = ""
    after: str = ""

    @property
    def slots(self) -> int:
        return bool(self.before) + bool(self.after)

    def strip(self, answer: str) -> str:
        """The answer without what stands around it already."""
        answer = answer.removeprefix(self.before)
        return answer.removesuffix(self.after) if self.after else answer


@dataclass
class Healing:
    """The borders of the spans of one request, with the constraint rows of their outer slots."""

    pieces: list[list[int]]
    """The context without the tokens that were taken back."""
    allowed: Bools
    borders: dict[int, Border] = field(default_factory=dict)
    rows: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    """Span -> rows of its first and its last slot."""

    def apply(self, canvas: Canvas, masked: Ints, rows: Ints) -> Ints:
        """Constraint rows with those of the outer slots of healed spans."""
        for group, (first, last) in self.rows.items():
            places = canvas.places(group)
            for row, place in ((first, places[0]), (last, places[-1])):
                if row is not None:
                    rows = np.where(masked == place, row, rows)
        return rows


def heal(
    text: str, spans: Sequence[Span], pieces: Sequence[Sequence[int]], tokenizer: TextTokenizer, allowed: Bools
) -> Healing:
    """Take back half words on both sides of every span whose length is free."""
    healing = Healing([list(piece) for piece in pieces], allowed)
    extra: list[Bools] = []
    for i, span in enumerate(spans):
        if span.tokens is not None or span.pins or span.lines or span.choices or span.name:
            continue
        base = allowed[TEXT + SINGLE_LINE * span.single_line]
        before = after = ""
        if _word_at(text, span.start - 1) and healing.pieces[i]:
            before = tokenizer.decode(healing.pieces[i][-1:])
        if _word_at(text, span.end - 1) and _word_at(text, span.end) and healing.pieces[i + 1]:
            after = tokenizer.decode(healing.pieces[i + 1][:1])
        texts = tokenizer.token_texts() if before or after else []
        ends: list[int | None] = []
        for part, joins in ((before, str.startswith), (after, str.endswith)):
            if not part:
                ends.append(None)
                continue
            extra.append(base & np.array([joins(token, part) for token in texts] + [False] * (len(base) - len(texts))))
            ends.append(len(allowed) + len(extra) - 1)
        if before:
            healing.pieces[i].pop()
        if after:
            healing.pieces[i + 1].pop(0)
        if before or after:
            healing.borders[i], healing.rows[i] = Border(before, after), (ends[0], ends[1])
    if extra:
        healing.allowed = np.concatenate([allowed, np.stack(extra)])
    return healing


def _word_at(text: str, place: int) -> bool:
    return 0 <= place < len(text) and is_word(text[place])
