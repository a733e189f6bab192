"""Tokens read one behind the other over cached keys: those of the context and of what was read
before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.backends.interface import Batch, Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.network.graph_io import READING


@dataclass
class Reader:
    """What has been read, and tokens that are to come."""

    context: Context | None
    positions: Ints
    stretches: Ints
    waiting: list[tuple[int, int]] = field(default_factory=list)
    """Tokens with their positions that no pass has read yet."""
    position: int = 0
    """Of the next token."""

    @classmethod
    def of(cls, canvas: Canvas, plan: CausalContext) -> Reader:
        """Over the context of a canvas, which has to be encoded."""
        view = plan.view(canvas)
        if view.context is None or view.cached is None:
            return cls(None, np.empty(0, np.int64), np.empty(0, np.int64))
        return cls(view.context, canvas.positions[view.cached], canvas.stretches[view.cached])

    def copy(self) -> Reader:
        """One that reads on from here by itself."""
        return replace(self, waiting=[*self.waiting])

    def feed(self, tokens: Sequence[int], position: int | None = None) -> None:
        """Tokens to be read next, one behind the other, at ``position`` or behind the last."""
        self.position = self.position if position is None else position
        for token in tokens:
            self.waiting.append((token, self.position))
            self.position += 1

    def feed_anchor(self, canvas: Canvas, group: int) -> None:
        """The token before a span is read next, in its own place."""
        place = int(canvas.places(group)[0])
        self.feed([int(canvas.ids[place - 1])], int(canvas.positions[place]) - 1)

    def ask(
        self,
        queries: Sequence[tuple[int, Bools]],
        guess: Sequence[int] = (),
        targets: Sequence[int] | None = None,
    ) -> Batch:
        """Read what waits, and ``guess`` behind it, which is not kept.

        A query (i, row) asks what follows ``guess[:i]`` among what ``row`` (V,) allows; its
        predictions stand in the order of ``queries``, and ``targets`` are tokens whose
        log-probabilities are wanted there.
        """
        size, behind = len(self.waiting), range(self.position, self.position + len(guess))
        tokens = [*self.waiting, *zip(guess, behind, strict=True)]
        return Batch(
            input_ids=np.array([[token for token, _ in tokens]]),
            position_ids=np.array([[position for _, position in tokens]]),
            query_index=np.array([[size - 1 + i for i, _ in queries]]),
            allowed=np.stack([row for _, row in queries]),
            allowed_row=np.arange(len(queries))[None],
            target_ids=None if targets is None else np.array([targets]),
            context=self.context,
            context_position_ids=None if self.context is None else self.positions[None],
            stretch=np.append(self.stretches, np.full(len(tokens), READING))[None],
            keep=np.arange(size),
        )

    def store(self, predictions: Predictions) -> None:
        """Keep the keys of what was waiting: it is read."""
        self.context = predictions.context
        self.positions = np.append(self.positions, [position for _, position in self.waiting])
        self.stretches = np.append(self.stretches, np.full(len(self.waiting), READING))
        self.waiting = []
