"""A pinned word stays a word of its own: no letter of the answer joins it on either side.

Three guards: the slot beside a pin may not begin (end) with a letter; a slot that keeps a pin apart
from written text may not be deleted; and a pin is only put where the text around the span leaves it
alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import CONTROL, Constraint
from engine.request.words import is_word
from engine.text.tokenizer import TextTokenizer


@dataclass(frozen=True)
class WordBoundaries:
    """Which tokens begin and end with a character of a word (V,)."""

    begins: Bools
    ends: Bools

    @classmethod
    def of(cls, tokenizer: TextTokenizer, rows: int) -> WordBoundaries:
        """From the texts of all tokens; ``rows`` is the size of the embedding."""
        begins, ends = np.zeros(rows, bool), np.zeros(rows, bool)
        for i, text in enumerate(tokenizer.token_texts()):
            begins[i], ends[i] = is_word(text[:1]), is_word(text[-1:])
        return cls(begins, ends)

    def narrowed(self, canvas: Canvas, masked: Ints, flags: Ints) -> Ints:
        """The constraints of the masked places, those beside a pin narrowed to what leaves it a
        word."""
        after = np.array([self._pin_ends(canvas, place - 1) for place in masked], bool)
        before = np.array([self._pin_begins(canvas, place + 1) for place in masked], bool)
        found: Ints = np.where(self.keeps_apart(canvas, masked), flags & ~int(CONTROL), flags)
        found[after] |= int(Constraint.AFTER_PIN)
        found[before] |= int(Constraint.BEFORE_PIN)
        return found

    def keeps_apart(self, canvas: Canvas, masked: Ints) -> Bools:
        """True for slots between a pin and written text that would join it."""
        return np.array([self._keeps_apart(canvas, int(place)) for place in masked], bool)

    def joins(self, canvas: Canvas, place: int) -> bool:
        """True when the tokens at ``place - 1`` and ``place`` are written and make one word."""
        if not 0 < place < len(canvas) or canvas.mask_id in canvas.ids[place - 1 : place + 1]:
            return False
        return bool(self.ends[canvas.ids[place - 1]] and self.begins[canvas.ids[place]])

    def _keeps_apart(self, canvas: Canvas, place: int) -> bool:
        after = (
            self._pin_ends(canvas, place - 1)
            and self._written(canvas, place + 1)
            and self.begins[canvas.ids[place + 1]]
        )
        before = (
            self._pin_begins(canvas, place + 1)
            and self._written(canvas, place - 1)
            and self.ends[canvas.ids[place - 1]]
        )
        return bool(after or before)

    def _pin_ends(self, canvas: Canvas, place: int) -> bool:
        return bool(
            0 <= place < len(canvas) and canvas.pinned[place] and self.ends[canvas.ids[place]]
        )

    def _pin_begins(self, canvas: Canvas, place: int) -> bool:
        return bool(
            0 <= place < len(canvas) and canvas.pinned[place] and self.begins[canvas.ids[place]]
        )

    def _written(self, canvas: Canvas, place: int) -> bool:
        return 0 <= place < len(canvas) and int(canvas.ids[place]) != canvas.mask_id
