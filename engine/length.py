"""Spans of unknown length: the control tokens ``<|expand|>`` and ``<|delete|>`` and their guards (after DreamOn).

A span starts with more masks than it needs. The model's probability of ``<|delete|>`` at a slot is its belief that the
span is shorter than that, so slots it believes superfluous go at once instead of one a step. Guards: a span never becomes
empty, never grows beyond its maximum, and never grows again once it has shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backends import Bools, Ints
from engine.canvas import Canvas
from engine.choose import Choice
from engine.vocabulary import SINGLE_LINE, TEXT, TEXT_OR_CONTROL, TEXT_OR_DELETE

DELETE_THRESHOLD = 0.5
"""A slot goes when the model finds it more likely superfluous than needed."""


@dataclass
class SpanLength:
    """What one span may become."""

    exact: bool
    max_tokens: int
    single_line: bool = False
    shrunk: bool = False


class Lengths:
    """The lengths of all spans of a canvas; the group of a span is its index."""

    def __init__(self, spans: list[SpanLength], expand_id: int | None, delete_id: int | None) -> None:
        self.spans = spans
        self.expand_id = -1 if expand_id is None else expand_id
        self.delete_id = 0 if delete_id is None else delete_id
        self.can_resize = delete_id is not None
        self.control_ids = (self.expand_id, self.delete_id) if self.can_resize else ()

    def allowed_rows(self, canvas: Canvas, masked: Ints) -> Ints:
        """The constraint of each masked place."""
        groups = canvas.groups[masked]
        rows = np.empty(len(masked), np.int64)
        for group in np.unique(groups):
            span, size = self.spans[group], len(canvas.places(group))
            if span.exact or not self.can_resize or size == 0:
                row = TEXT
            elif self.expand_id < 0 or span.shrunk or size >= span.max_tokens:
                row = TEXT_OR_DELETE if size > 1 else TEXT
            else:
                row = TEXT_OR_CONTROL if size > 1 else TEXT
            rows[groups == group] = row + SINGLE_LINE * span.single_line
        return rows

    def transfer(
        self,
        canvas: Canvas,
        masked: Ints,
        choice: Choice,
        chosen: Bools,
        delete_log_probs: NDArray[np.floating],
    ) -> None:
        """Carry out one step's choices: text is fixed, then masks grow, then superfluous masks go."""
        flexible = np.array([self.can_resize and not self.spans[g].exact for g in canvas.groups[masked]], bool)
        chosen_to_go = chosen & (choice.tokens == self.delete_id)
        superfluous = flexible & (chosen_to_go | (np.exp(delete_log_probs) >= DELETE_THRESHOLD))
        growing = flexible & chosen & (choice.tokens == self.expand_id)
        gone = [self._deletable(canvas, int(g), masked[superfluous]) for g in np.unique(canvas.groups[masked])]
        staying = ~np.isin(masked, np.concatenate(gone)) if gone else np.ones(len(masked), bool)
        text = chosen & staying & ~(flexible & np.isin(choice.tokens, self.control_ids))
        canvas.transfer(masked[text], choice.tokens[text], choice.log_probs[text])
        # From the right, so that places on the left stay valid.
        edits = [(int(place), True) for place in masked[growing]] + [(int(p), False) for places in gone for p in places]
        for place, grow in sorted(edits, reverse=True):
            span = self.spans[canvas.groups[place]]
            if not grow:
                span.shrunk = True
                canvas.delete(np.array([place]))
            elif len(canvas.places(int(canvas.groups[place]))) < span.max_tokens:
                canvas.expand(place)

    def _deletable(self, canvas: Canvas, group: int, superfluous: Ints) -> Ints:
        own = superfluous[canvas.groups[superfluous] == group]
        size = len(canvas.places(group))
        keep = 1 if len(own) == size else 0  # one place stays: an empty answer is no answer
        result: Ints = own[keep:]
        return result
