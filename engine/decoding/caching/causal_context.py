"""Stretches of causal context: exact always, whatever is edited.

The keys of a stretch depend on its own tokens up to each place alone. So a stretch keeps its
longest common beginning with one of the session's last context, and only the tokens behind that are
encoded. Anchors are left out: they are computed with the spans, in every step.
"""

from __future__ import annotations

import numpy as np

from engine.base.arrays import Ints
from engine.decoding.caching.cache_plan import View
from engine.decoding.caching.context_store import Kept, Part, common_beginning
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.canvas import Canvas


class CausalContext(EncodedContext):
    def places(self, canvas: Canvas) -> Ints:
        return np.setdiff1d(canvas.context(), canvas.anchors(), assume_unique=True)

    def part(self, kept: Kept | None, ids: Ints, stretches: Ints) -> Part:
        return causal_part(kept, ids, stretches)

    def encoding_view(self, canvas: Canvas, places: Ints, part: Part) -> View:
        # Every stretch is counted from 0, so that its keys are the same to the last bit wherever it
        # stands.
        keys = np.concatenate((part.reused, part.active))
        stretches = canvas.stretches[places]
        own = np.arange(len(places)) - np.searchsorted(stretches, stretches)
        keep = np.arange(len(part.active))
        return View(
            places[part.active], part.context, places[part.reused], keep, own[keys], stretches[keys]
        )

    def view(self, canvas: Canvas) -> View:
        view = super().view(canvas)
        assert view.cached is not None
        view.stretches = np.concatenate(
            (canvas.stretches[view.cached], np.zeros(len(view.active), np.int64))
        )
        return view


def causal_part(kept: Kept | None, ids: Ints, stretches: Ints) -> Part:
    """Of the context ``ids`` (P,) in ``stretches`` (P,), sorted: what the session's last one holds
    already."""
    if kept is None:
        return Part(np.arange(len(ids)))
    left = {
        int(number): np.flatnonzero(kept.stretches == number)
        for number in np.unique(kept.stretches)
    }
    row_of = np.empty(len(kept.order), np.int64)
    row_of[kept.order] = np.arange(len(kept.order))
    reused, rows = [], []
    for number in np.unique(stretches):
        tokens = np.flatnonzero(stretches == number)
        # Any stretch may have become another one: blanks come and go.
        shared = {
            old: common_beginning(kept.ids[former], ids[tokens]) for old, former in left.items()
        }
        best = max(shared, key=lambda old: shared[old], default=None)
        if best is None or not shared[best]:
            continue
        reused.append(tokens[: shared[best]])
        rows.append(row_of[left.pop(best)[: shared[best]]])
    if not reused:
        return Part(np.arange(len(ids)))
    have, at = np.concatenate(reused), np.concatenate(rows)
    active = np.setdiff1d(np.arange(len(ids)), have, assume_unique=True)
    if len(at) == len(kept.order) and np.array_equal(at, np.arange(len(at))):
        return Part(active, have, kept.handle)
    return Part(active, have, kept.handle.take(at))
