"""Which tokens are active in a pass and which are cached: one small plan per policy.

    none    every pass computes the whole canvas (LLaDA)
    prefix  a full pass at the start of a block, then everything from the block on (Fast-dLLM's prefix cache)
    dual    a full pass at the start of a block, then the block alone (Fast-dLLM's dual cache)
    hidden  the context is encoded once without the spans, then the spans alone; exact for models trained for it

``prefix`` and ``dual`` are approximations: under bidirectional attention everything depends on everything.
Plans know places, not tensors: keys and values stay behind the backend's handle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.backends.interface import Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.context_store import Kept, KeptContexts, Part


@dataclass
class View:
    """What one pass looks at: places of the active tokens, the cached ones, and which active ones to keep."""

    active: Ints
    context: Context | None = None
    cached: Ints | None = None
    keep: Ints | None = None
    """Indices into ``active``."""


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
        return View(np.arange(len(canvas)))

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


class HiddenSpans:
    """``hidden``: a context that never saw the spans serves every step and every length.

    In a ``session`` it may come from an earlier request, in part or as a whole.
    """

    def __init__(self, contexts: KeptContexts | None = None, session: str | None = None, most_edits: int = 0) -> None:
        self.context: Context | None = None
        self._contexts = contexts
        self._session = session
        self._most_edits = most_edits
        self._order = np.empty(0, np.int64)

    def part(self, ids: Ints) -> Part:
        """What is to be encoded of the context ``ids``."""
        if self._contexts is None or self._session is None:
            return Part(np.arange(len(ids)))
        return self._contexts.part(self._session, ids, self._most_edits)

    def store(self, ids: Ints, part: Part, context: Context) -> None:
        """The context ``ids`` is encoded: ``part.reused``, then ``part.active``."""
        self.context, self._order = context, np.concatenate((part.reused, part.active))
        if self._contexts is not None and self._session is not None:
            self._contexts.put(self._session, Kept(ids, self._order, context, part.edits))

    def enter(self, groups: Ints) -> None:
        return

    def view(self, canvas: Canvas) -> View:
        given = canvas.groups == CONTEXT
        return View(np.flatnonzero(~given), self.context, np.flatnonzero(given)[self._order])

    def update(self, predictions: Predictions) -> None:
        return


def make_plan(cache: str) -> CachePlan:
    """The plan of a policy; ``hidden`` is given its context by the sampler."""
    if cache == "none":
        return FullPass()
    if cache == "hidden":
        return HiddenSpans()
    return BlockCache(keep_suffix=cache == "dual")
