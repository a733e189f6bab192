"""Which tokens are active in a pass and which are cached: one small plan per policy.

    none    every pass computes the whole canvas (LLaDA)
    prefix  a full pass at the start of a block, then everything from the block on (Fast-dLLM's
            prefix cache)
    dual    a full pass at the start of a block, then the block alone (Fast-dLLM's dual cache)

Models that can encode the context without the spans have plans of their own (``hidden_context``,
``causal_context``). ``prefix`` and ``dual`` are approximations: under bidirectional attention
everything depends on everything. Plans know places, not tensors: keys and values stay behind the
backend's handle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.backends.interface import Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import Canvas


@dataclass
class View:
    """What one pass looks at: places of the active tokens, the cached ones, and which active ones
    to keep."""

    active: Ints
    context: Context | None = None
    cached: Ints | None = None
    keep: Ints | None = None
    """Indices into ``active``."""
    positions: Ints | None = None
    """Of the cached and the active tokens; ``None``: those of the canvas."""
    stretches: Ints | None = None
    """Of the cached and the active tokens, where the context is causal."""


class CachePlan(Protocol):
    def enter(self, groups: Ints) -> None:
        """A new block begins."""

    def view(self, canvas: Canvas) -> View:
        """The next pass."""

    def update(self, predictions: Predictions) -> None:
        """Take the handle that the last pass made."""


class FullPass:
    """``none``: nothing is cached."""

    def enter(self, groups: Ints) -> None:
        return

    def view(self, canvas: Canvas) -> View:
        active = np.arange(len(canvas))
        if not canvas.anchored:
            return View(active)
        stretches = canvas.stretches.copy()
        stretches[canvas.anchors()] = 0
        return View(active, stretches=stretches)

    def update(self, predictions: Predictions) -> None:
        return


class BlockCache:
    """``prefix`` and ``dual``: refreshed by a full pass at the start of every block."""

    def __init__(self, keep_suffix: bool) -> None:
        self.keep_suffix = keep_suffix
        self.groups = np.empty(0, np.int64)
        self.context: Context | None = None
        self.refreshing = True

    def enter(self, groups: Ints) -> None:
        self.groups, self.context, self.refreshing = groups, None, True

    def view(self, canvas: Canvas) -> View:
        cached = self._cached(canvas)
        if self.refreshing:
            return View(np.arange(len(canvas)), keep=np.flatnonzero(cached))
        return View(np.flatnonzero(~cached), self.context, np.flatnonzero(cached))

    def update(self, predictions: Predictions) -> None:
        if self.refreshing:
            self.context, self.refreshing = predictions.context, False

    def _cached(self, canvas: Canvas) -> Bools:
        block = np.isin(canvas.groups, self.groups)
        if self.keep_suffix:
            return ~block
        return np.arange(len(canvas)) < int(np.argmax(block))
