"""The canvas: one token row in mid-denoising, with masked places in groups.

A *place* is an index of this row: where one token, or the mask that stands for one, is. A place is
not a *position*, the number that rotary embeddings turn a key by (``Canvas.positions``), nor an
*offset*, which counts characters of a document. A *slot* is a place of a span or block. In our
Python code *place* means nothing else.

A *group* is a span of an infill or a block of a generation; context tokens belong to none. The
canvas can grow and shrink: ``<|expand|>`` turns one mask into two, ``<|delete|>`` takes a mask
away, and the places behind it change.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools, Ints
from engine.decoding.stretches import stretch_starts

CONTEXT = -1
"""The group of tokens that are given."""
_ROWS = ("ids", "groups", "log_probs", "pinned", "slots", "stretches")


class Canvas:
    """Token ids (L,) with their groups and the log-probability each was transferred with."""

    def __init__(
        self,
        ids: list[int] | Ints,
        groups: list[int] | Ints,
        mask_id: int,
        stretches: list[int] | Ints | None = None,
        snippets: int = 0,
    ) -> None:
        """``stretches`` (L,), where the context is causal: the stretch of every given token, from
        1, zero for slots.

        The first ``snippets`` of them are not part of the text; every span follows a given token,
        its anchor.
        """
        self.ids: Ints = np.array(ids, np.int64)
        self.groups: Ints = np.array(groups, np.int64)
        self.mask_id = mask_id
        self.pinned: Bools = (self.groups != CONTEXT) & (self.ids != mask_id)
        """Tokens of a span that were given."""
        self.log_probs: NDArray[np.float64] = np.zeros(len(self.ids))
        self.slots: Ints = np.arange(len(self.ids))
        """Names of the places, which stay when places before them come and go."""
        self.anchored = stretches is not None
        """Whether the row before a place predicts it, and the token before a span belongs to the
        span's block."""
        self.stretches: Ints = (
            np.zeros(len(self.ids), np.int64)
            if stretches is None
            else np.array(stretches, np.int64)
        )
        self.snippets = snippets
        assert self.ids.shape == self.groups.shape == self.stretches.shape

    def __len__(self) -> int:
        return len(self.ids)

    def copy(self) -> Canvas:
        """The same in memory of its own."""
        return deepcopy(self)

    def masked(self, groups: Ints) -> Ints:
        """Places of the masks that belong to ``groups``, in order."""
        return np.flatnonzero((self.ids == self.mask_id) & np.isin(self.groups, groups))

    def places(self, group: int) -> Ints:
        """All places of one group, in order."""
        return np.flatnonzero(self.groups == group)

    @property
    def positions(self) -> Ints:
        """Position (L,) of every place: its index, or where the layout of stretches puts it."""
        if not self.anchored:
            return np.arange(len(self))
        numbers = np.arange(1, int(self.stretches.max()) + 1)
        runs = [np.flatnonzero(self.stretches == number) for number in numbers]
        spans = [
            self.places(int(group)) for group in np.unique(self.groups[self.groups != CONTEXT])
        ]
        text = runs[self.snippets :]
        starts, first_slots = stretch_starts(
            [len(run) for run in text],
            [len(span) for span in spans],
            [len(run) for run in runs[: self.snippets]],
        )
        positions = np.empty(len(self), np.int64)
        for places, start in zip([*runs, *spans], [*starts, *first_slots], strict=True):
            positions[places] = start + np.arange(len(places))
        return positions

    def anchors(self) -> Ints:
        """Places of the given tokens before the spans, where they are anchors; none on other
        canvases."""
        if not self.anchored:
            return np.empty(0, np.int64)
        return np.flatnonzero((self.groups[1:] != CONTEXT) & (self.groups[:-1] == CONTEXT))

    def context(self) -> Ints:
        """Places of the given tokens."""
        return np.flatnonzero(self.groups == CONTEXT)

    def pin(self, places: Ints, tokens: list[int]) -> None:
        """Give tokens of a span."""
        self.ids[places], self.pinned[places] = tokens, True

    def written(self, group: int) -> Ints:
        """Places of one group that the model wrote."""
        return np.flatnonzero((self.groups == group) & ~self.pinned & (self.ids != self.mask_id))

    def transfer(self, places: Ints, tokens: Ints, log_probs: NDArray[np.floating]) -> None:
        """Fix predicted tokens onto the canvas."""
        self.ids[places] = tokens
        self.log_probs[places] = log_probs

    def log_likelihood(self, group: int) -> float:
        """Of what the model wrote in one group, each token as it was transferred."""
        return float(self.log_probs[self.written(group)].sum())

    def restart(self, group: int, size: int) -> None:
        """Put ``size`` masks in place of all that stands in one group."""
        places = self.places(group)
        first = int(places[0])
        self.ids[first], self.log_probs[first], self.pinned[first] = self.mask_id, 0.0, False
        self.delete(places[1:])
        for _ in range(size - 1):
            self.expand(first)

    def expand(self, place: int) -> None:
        """One mask becomes two."""
        for name in _ROWS:
            row = getattr(self, name)
            setattr(self, name, np.insert(row, place, row[place]))
        self.ids[place : place + 2] = self.mask_id
        self.slots[place + 1] = self.slots.max() + 1

    def delete(self, places: Ints) -> None:
        """Take masks away."""
        for name in _ROWS:
            setattr(self, name, np.delete(getattr(self, name), places))
