"""Spans of unknown length: the control tokens ``<|expand|>`` and ``<|delete|>`` and their guards (after DreamOn).

A span starts with more masks than it needs. The model's probability of ``<|delete|>`` at a slot is its belief that the
span is shorter than that, so slots it believes superfluous go at once instead of one a step. Guards: a span never becomes
empty or shorter than its minimum, never grows beyond its maximum, and never grows again once it has shrunk.
Tied spans change their length together, because their predictions are one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import SINGLE_LINE, TEXT, TEXT_OR_CONTROL, TEXT_OR_DELETE
from engine.decoding.token_healing import TokenHealing
from engine.decoding.token_sampling import Choice
from engine.decoding.word_boundaries import WordBoundaries

DELETE_THRESHOLD = 0.5
"""A slot goes when the model finds it more likely superfluous than needed."""


@dataclass
class SpanLength:
    """What one span may become."""

    exact: bool
    max_tokens: int
    single_line: bool = False
    min_tokens: int = 1
    shrunk: bool = False


@dataclass
class Lengths:
    """The lengths of all spans of a canvas; the group of a span is its index."""

    spans: list[SpanLength]
    expand_id: int | None
    delete_id: int | None
    ties: list[int] = field(default_factory=list)
    """Group -> the first group that has the same text; empty when no spans are tied."""
    edges: WordBoundaries | None = None
    """Keeps pins words of their own."""
    healing: TokenHealing | None = None
    """Constrains the outer slots of spans that begin or end inside a word."""

    @property
    def can_resize(self) -> bool:
        return self.delete_id is not None

    @property
    def control_ids(self) -> tuple[int, ...]:
        return tuple(i for i in (self.expand_id, self.delete_id) if i is not None) if self.can_resize else ()

    def allowed_rows(self, canvas: Canvas, masked: Ints) -> Ints:
        """The constraint of each masked place."""
        groups = canvas.groups[masked]
        rows = np.empty(len(masked), np.int64)
        for group in np.unique(groups):
            span, size = self.spans[group], len(canvas.places(group))
            if span.exact or not self.can_resize or size <= span.min_tokens:
                row = TEXT
            elif self.expand_id is None or span.shrunk or size >= span.max_tokens:
                row = TEXT_OR_DELETE
            else:
                row = TEXT_OR_CONTROL
            rows[groups == group] = row + SINGLE_LINE * span.single_line
        if self.edges is not None:
            rows = self.edges.rows(canvas, masked, rows)
        return rows if self.healing is None else self.healing.apply(canvas, masked, rows)

    def representatives(self, canvas: Canvas, masked: Ints) -> Ints | None:
        """For each masked place the index (into ``masked``) of the tied place that speaks for it; ``None`` without ties."""
        if not self.ties:
            return None
        index = {int(place): i for i, place in enumerate(masked)}
        found = np.arange(len(masked))
        for i, place in enumerate(masked):
            group = int(canvas.groups[place])
            if self.ties[group] != group:
                offset = int(np.searchsorted(canvas.places(group), place))
                found[i] = index[int(canvas.places(self.ties[group])[offset])]
        return found

    def transfer(
        self,
        canvas: Canvas,
        masked: Ints,
        choice: Choice,
        chosen: Bools,
        delete_log_probs: NDArray[np.floating],
    ) -> None:
        """Carry out one step's choices: text is fixed, then masks grow, then superfluous masks go."""
        flexible = self._flexible(canvas, masked)
        chosen_to_go = chosen & (choice.tokens == self.delete_id)
        superfluous = flexible & (chosen_to_go | (np.exp(delete_log_probs) >= DELETE_THRESHOLD))
        growing = flexible & chosen & (choice.tokens == self.expand_id)
        gone = [self._deletable(canvas, int(g), masked[superfluous]) for g in np.unique(canvas.groups[masked])]
        staying = ~np.isin(masked, np.concatenate(gone)) if gone else np.ones(len(masked), bool)
        text = chosen & staying & ~np.isin(choice.tokens, self.control_ids)
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

    def superfluous(self, canvas: Canvas, masked: Ints, delete_log_probs: NDArray[np.floating]) -> int:
        """How many of the masked places the model is about to delete."""
        found = self._flexible(canvas, masked) & (np.exp(delete_log_probs) >= DELETE_THRESHOLD)
        return sum(len(self._deletable(canvas, int(g), masked[found])) for g in np.unique(canvas.groups[masked]))

    def _flexible(self, canvas: Canvas, masked: Ints) -> Bools:
        """Places whose span may change its length there."""
        flexible = np.array([self.can_resize and not self.spans[g].exact for g in canvas.groups[masked]], bool)
        return flexible if self.edges is None else flexible & ~self.edges.keeps_apart(canvas, masked)

    def _deletable(self, canvas: Canvas, group: int, superfluous: Ints) -> Ints:
        """The superfluous places that may go: what remains is no shorter than the minimum, and never empty."""
        own = superfluous[canvas.groups[superfluous] == group]
        spare = max(0, len(canvas.places(group)) - self.spans[group].min_tokens)
        result: Ints = own[max(0, len(own) - spare) :]
        return result
