"""Plans that encode the context once, without the spans, before the first step; every step and
every length then reuse it.

What such an encoding is worth depends on the model: exact for those trained with hidden spans
(``hidden_context``), exact by construction where the context is causal (``causal_context``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from engine.backends.interface import Context, Predictions
from engine.base.arrays import Ints
from engine.decoding.caching.cache_plan import View
from engine.decoding.caching.context_store import ContextStore, Kept, Part
from engine.decoding.canvas import Canvas


class EncodedContext(ABC):
    """In a ``session`` the context may come from an earlier request, in part or as a whole."""

    def __init__(self, contexts: ContextStore | None = None, session: str | None = None) -> None:
        self.context: Context | None = None
        self._contexts, self._session = contexts, session
        self._order = np.empty(0, np.int64)
        self._part = Part(self._order)

    @abstractmethod
    def places(self, canvas: Canvas) -> Ints:
        """Places of the canvas whose keys are kept."""

    @abstractmethod
    def part(self, kept: Kept | None, ids: Ints, stretches: Ints) -> Part:
        """What is left to encode of the context ``ids``, given the session's last one."""

    @abstractmethod
    def encoding_view(self, canvas: Canvas, places: Ints, part: Part) -> View:
        """The pass that encodes ``part`` of the context at ``places``."""

    def encoding(self, canvas: Canvas) -> View | None:
        """The pass that has to run before the first step; ``None`` when all is encoded already."""
        places = self.places(canvas)
        ids = canvas.ids[places]
        kept = (
            None
            if self._contexts is None or self._session is None
            else self._contexts.get(self._session)
        )
        self._part = self.part(kept, ids, canvas.stretches[places])
        if self._contexts is not None and self._session is not None:
            part = self._part
            self._contexts.served[
                "encoded" if part.context is None else "edited" if len(part.active) else "reused"
            ] += 1
        if len(self._part.active):
            return self.encoding_view(canvas, places, self._part)
        if self._part.context is not None:
            self.store(canvas, self._part.context)
        return None

    def store(self, canvas: Canvas, context: Context) -> None:
        """The last ``encoding`` is done: ``context`` holds what was reused, then what was
        encoded."""
        places = self.places(canvas)
        self.context, self._order = context, np.concatenate((self._part.reused, self._part.active))
        if self._contexts is not None and self._session is not None:
            kept = Kept(
                canvas.ids[places], canvas.stretches[places], self._order, context, self._part.edits
            )
            self._contexts.put(self._session, kept)

    def enter(self, groups: Ints) -> None:
        return

    def update(self, predictions: Predictions) -> None:
        return

    def view(self, canvas: Canvas) -> View:
        places = self.places(canvas)
        active = np.setdiff1d(np.arange(len(canvas)), places, assume_unique=True)
        return View(active, self.context, places[self._order])
