"""``hidden``: a context encoded as if the spans were not there, for models trained so.

An unchanged context is reused as it is, which is exact. After an edit the changed tokens and their
vicinity are encoded over the kept keys and values of the others (as dInfer refreshes the vicinity
of a block, arXiv 2510.08666): an approximation, ended by a whole encoding after some edits.
"""

from __future__ import annotations

import numpy as np

from engine.base.arrays import Ints
from engine.decoding.caching.cache_plan import View
from engine.decoding.caching.context_store import ContextStore, Kept, Part, common_beginning
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.canvas import Canvas

VICINITY = 8
"""Tokens on either side of an edit that are encoded again."""
WORTH = 0.5
"""A larger part of the context than this is not worth a partial pass."""


class HiddenSpans(EncodedContext):
    def __init__(
        self, contexts: ContextStore | None = None, session: str | None = None, most_edits: int = 0
    ) -> None:
        """``most_edits`` partial passes in a row are allowed; 0 is exact."""
        super().__init__(contexts, session)
        self._most_edits = most_edits

    def places(self, canvas: Canvas) -> Ints:
        return canvas.context()

    def part(self, kept: Kept | None, ids: Ints, stretches: Ints) -> Part:
        return hidden_part(kept, ids, self._most_edits)

    def encoding_view(self, canvas: Canvas, places: Ints, part: Part) -> View:
        # Tokens are counted without the spans.
        positions = np.concatenate((part.reused, part.active))
        return View(
            places[part.active],
            part.context,
            places[part.reused],
            np.arange(len(part.active)),
            positions,
        )


def hidden_part(kept: Kept | None, ids: Ints, most_edits: int) -> Part:
    """How to get the context ``ids``: from the session's last one, if at most ``most_edits``
    partial passes made it."""
    if kept is None:
        return Part(np.arange(len(ids)))
    if np.array_equal(kept.ids, ids) and kept.edits <= most_edits:
        return Part(np.empty(0, np.int64), kept.order, kept.handle, kept.edits)
    front, back = common_ends(kept.ids, ids)
    first, last = max(0, front - VICINITY), min(len(ids), len(ids) - back + VICINITY)
    if kept.edits >= most_edits or last - first > WORTH * len(ids):
        return Part(np.arange(len(ids)))
    moved = len(ids) - len(kept.ids)
    # Tokens after the edit have moved; those of the edit and its vicinity are left behind.
    index = np.where(kept.order < front, kept.order, kept.order + moved)
    rows = np.flatnonzero(
        ((kept.order < front) | (kept.order >= len(kept.ids) - back))
        & ((index < first) | (index >= last))
    )
    return Part(np.arange(first, last), index[rows], kept.handle.take(rows), kept.edits + 1)


def common_ends(old: Ints, new: Ints) -> tuple[int, int]:
    """How many tokens both begin with, and how many of the others both end with."""
    front = common_beginning(old, new)
    rest = min(len(old), len(new)) - front
    return front, common_beginning(old[len(old) - rest :][::-1], new[len(new) - rest :][::-1])
