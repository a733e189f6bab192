"""Spans of unknown length: the control tokens ``<|expand|>`` and ``<|delete|>`` and their guards
(after DreamOn).

A span starts with more masks than it needs. The model's probability of ``<|delete|>`` at a slot is
its belief that the span is shorter than that, so slots it believes superfluous go at once instead
of one a step. Guards: a span never becomes empty or shorter than its minimum, never grows beyond
its maximum, and never grows again once it has shrunk. Tied spans change their length together,
because their predictions are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import CONTROL, Constraint, ConstraintTable
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


class LengthControl(Protocol):
    """What the sampler asks about lengths, ties and constraints of the masked places (M,) of a
    canvas."""

    @property
    def grows(self) -> bool:
        """True where a place may become two, so that the number of steps is not known before."""
        ...

    @property
    def delete_id(self) -> int | None:
        """The token whose log-probability is asked for at every place."""
        ...

    @property
    def control_ids(self) -> tuple[int, ...]:
        """Tokens that are not text."""
        ...

    def rows(self, canvas: Canvas, masked: Ints, table: ConstraintTable) -> Ints:
        """The constraint row of each masked place."""
        ...

    def representatives(self, canvas: Canvas, masked: Ints) -> Ints | None:
        """For each masked place the index (into ``masked``) of the one that speaks for it; ``None``
        without ties."""
        ...

    def superfluous(
        self, canvas: Canvas, masked: Ints, delete_log_probs: NDArray[np.floating]
    ) -> int:
        """How many of the masked places are about to go."""
        ...

    def transfer(
        self,
        canvas: Canvas,
        masked: Ints,
        choice: Choice,
        chosen: Bools,
        delete_log_probs: NDArray[np.floating],
    ) -> None:
        """Carry out one step's choices."""
        ...


@dataclass(frozen=True)
class FixedCanvas:
    """Nothing grows, shrinks or is tied, and every token may stand anywhere: LLaDA's own
    process."""

    grows: bool = False
    delete_id: int | None = None
    control_ids: tuple[int, ...] = ()

    def rows(self, canvas: Canvas, masked: Ints, table: ConstraintTable) -> Ints:
        return table.rows(np.full(len(masked), int(Constraint.ANYTHING)))

    def representatives(self, canvas: Canvas, masked: Ints) -> Ints | None:
        return None

    def superfluous(
        self, canvas: Canvas, masked: Ints, delete_log_probs: NDArray[np.floating]
    ) -> int:
        return 0

    def transfer(
        self,
        canvas: Canvas,
        masked: Ints,
        choice: Choice,
        chosen: Bools,
        delete_log_probs: NDArray[np.floating],
    ) -> None:
        canvas.transfer(masked[chosen], choice.tokens[chosen], choice.log_probs[chosen])


FIXED_CANVAS = FixedCanvas()


@dataclass
class Lengths:
    """The lengths of all spans of a canvas; the group of a span is its index."""

    spans: list[SpanLength]
    expand_id: int | None
    delete_id: int | None
    ties: Sequence[int] = ()
    """Group -> the first group that has the same text; empty when no spans are tied."""
    boundaries: WordBoundaries | None = None
    """Keeps pins words of their own."""
    healing: TokenHealing | None = None
    """Constrains the outer slots of spans that begin or end inside a word."""
    growth: int = 1
    """Masks that ``<|expand|>`` adds: one where it stands, or, where it means "more follows", so
    many behind it."""
    grows: bool = field(default=True, init=False)

    @property
    def can_resize(self) -> bool:
        return self.delete_id is not None

    @property
    def control_ids(self) -> tuple[int, ...]:
        return (
            tuple(i for i in (self.expand_id, self.delete_id) if i is not None)
            if self.can_resize
            else ()
        )

    def rows(self, canvas: Canvas, masked: Ints, table: ConstraintTable) -> Ints:
        groups = canvas.groups[masked]
        flags = np.empty(len(masked), np.int64)
        for group in np.unique(groups):
            flags[groups == group] = self._constraint(self.spans[group], len(canvas.places(group)))
        if self.growth > 1:
            flags = np.where(self._last(canvas, masked), flags, flags & ~int(Constraint.EXPAND))
        if self.boundaries is not None:
            flags = self.boundaries.narrowed(canvas, masked, flags)
        rows = table.rows(flags)
        return rows if self.healing is None else self.healing.apply(canvas, masked, rows)

    def _constraint(self, span: SpanLength, size: int) -> Constraint:
        """Of every slot of a span that has ``size`` of them by now."""
        line = Constraint.SINGLE_LINE if span.single_line else Constraint.TEXT
        if span.exact or not self.can_resize or size <= span.min_tokens:
            return line
        grows = self.expand_id is not None and not span.shrunk and size < span.max_tokens
        return line | (CONTROL if grows else Constraint.DELETE)

    def _last(self, canvas: Canvas, masked: Ints) -> Bools:
        """Which masked places are the last ones of their spans."""
        ends = {int(canvas.places(int(group))[-1]) for group in np.unique(canvas.groups[masked])}
        return np.array([int(place) in ends for place in masked], bool)

    def representatives(self, canvas: Canvas, masked: Ints) -> Ints | None:
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
        """Text is fixed, then masks grow, then superfluous masks go."""
        flexible = self._flexible(canvas, masked)
        chosen_to_go = chosen & (choice.tokens == self.delete_id)
        superfluous = flexible & (chosen_to_go | (np.exp(delete_log_probs) >= DELETE_THRESHOLD))
        growing = flexible & chosen & (choice.tokens == self.expand_id)
        gone = [
            self._deletable(canvas, int(g), masked[superfluous])
            for g in np.unique(canvas.groups[masked])
        ]
        staying = ~np.isin(masked, np.concatenate(gone)) if gone else np.ones(len(masked), bool)
        text = chosen & staying & ~np.isin(choice.tokens, self.control_ids)
        canvas.transfer(masked[text], choice.tokens[text], choice.log_probs[text])
        # From the right, so that places on the left stay valid.
        edits = [(int(place), True) for place in masked[growing]] + [
            (int(p), False) for places in gone for p in places
        ]
        for place, grow in sorted(edits, reverse=True):
            span = self.spans[canvas.groups[place]]
            if not grow:
                span.shrunk = True
                canvas.delete(np.array([place]))
            else:
                room = span.max_tokens - len(canvas.places(int(canvas.groups[place])))
                for _ in range(min(self.growth, room)):
                    canvas.expand(place)

    def superfluous(
        self, canvas: Canvas, masked: Ints, delete_log_probs: NDArray[np.floating]
    ) -> int:
        found = self._flexible(canvas, masked) & (np.exp(delete_log_probs) >= DELETE_THRESHOLD)
        return sum(
            len(self._deletable(canvas, int(g), masked[found]))
            for g in np.unique(canvas.groups[masked])
        )

    def _flexible(self, canvas: Canvas, masked: Ints) -> Bools:
        """Places whose span may change its length there."""
        flexible = np.array(
            [self.can_resize and not self.spans[g].exact for g in canvas.groups[masked]], bool
        )
        return (
            flexible
            if self.boundaries is None
            else flexible & ~self.boundaries.keeps_apart(canvas, masked)
        )

    def _deletable(self, canvas: Canvas, group: int, superfluous: Ints) -> Ints:
        """The superfluous places that may go: what remains is no shorter than the minimum, and
        never empty."""
        own = superfluous[canvas.groups[superfluous] == group]
        spare = max(0, len(canvas.places(group)) - self.spans[group].min_tokens)
        result: Ints = own[max(0, len(own) - spare) :]
        return result
