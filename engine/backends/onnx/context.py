"""Cached keys and values as arrays that onnxruntime reads in place. Taking some of their rows
copies nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engine.backends.interface import ALL_ROWS
from engine.base.arrays import Bools, Ints

SPARE = 64
"""Free rows behind a context that is extended: the next tokens are written there, in place."""


@dataclass
class Room:
    """Free rows at the end of arrays that several contexts may share: whoever writes them first
    owns them."""

    used: int
    """The first free row."""


@dataclass
class OnnxContext:
    """One array (B, G, P, D) of unrotated keys or of values a layer, in the graph's order."""

    arrays: list[NDArray[Any]]
    taken: Ints | None = None
    """The tokens of the arrays that count, in this order; ``None``: all of them. A pass has the
    others hidden from it by the key mask, which costs less than to copy tens of megabytes."""
    sent: list[ort.OrtValue] | None = None
    """The arrays on the device of the session."""
    room: Room | None = None
    """Of the arrays, where they have free rows."""

    @property
    def held(self) -> int:
        """Tokens of the arrays, those that do not count among them."""
        return int(self.arrays[0].shape[2])

    @property
    def length(self) -> int:
        return self.held if self.taken is None else len(self.taken)

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> OnnxContext:
        taken = tokens if self.taken is None else self.taken[tokens]
        if rows == ALL_ROWS:
            return OnnxContext(self.arrays, taken, self.sent, self.room)
        return OnnxContext(OnnxContext([array[rows] for array in self.arrays], taken).whole())

    def extended(self, more: list[NDArray[Any]]) -> OnnxContext:
        """A context with the tokens of ``more`` behind those of this one, which stays as it is.

        A few tokens are written into free rows, which costs less than to copy tens of megabytes for
        every token of an answer; arrays of which much does not count are copied all the same.
        """
        added, length = more[0].shape[2], self.length
        room = self.room
        if room is None or room.used + added > self.held or self.held - length > 2 * SPARE:
            arrays = self.whole([_spaced(array) for array in more])
            return OnnxContext(arrays, np.arange(length + added), room=Room(length + added))
        assert self.taken is not None, "arrays with free rows do not count as a whole"
        rows = np.arange(room.used, room.used + added)
        for array, new in zip(self.arrays, more, strict=True):
            array[:, :, rows[0] : rows[-1] + 1] = new
        room.used += added
        return OnnxContext(self.arrays, np.append(self.taken, rows), room=room)

    def whole(self, more: list[NDArray[Any]] | None = None) -> list[NDArray[Any]]:
        """Arrays of just the tokens that count, with ``more`` behind them."""
        if self.taken is None and more is None:
            return self.arrays
        runs = [(0, self.held)] if self.taken is None else _runs(self.taken)
        return [
            _joined(array, runs, None if more is None else more[i])
            for i, array in enumerate(self.arrays)
        ]

    def as_held(self, positions: Ints, key_mask: Bools, stretch: Ints) -> tuple[Ints, Bools, Ints]:
        """Positions (B, length), mask and stretches (B, length + S) of what counts, as those of all
        that is held."""
        if self.taken is None:
            return positions, key_mask, stretch
        return (
            self._held(positions),
            self._held(key_mask),
            self._held(stretch),
        )

    def _held(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of what counts, and of what follows if they go on, with zeros for what does not
        count."""
        own = self.length  # none of a document that has become empty
        found = np.zeros((len(values), self.held + values.shape[1] - own), values.dtype)
        assert self.taken is not None
        found[:, self.taken], found[:, self.held :] = values[:, :own], values[:, own:]
        return found


def _spaced(array: NDArray[Any]) -> NDArray[Any]:
    """The array with free rows behind it; zeros, because what is hidden must still be a number."""
    return np.pad(array, ((0, 0), (0, 0), (0, SPARE), (0, 0)))


def _runs(tokens: Ints) -> list[tuple[int, int]]:
    """Stretches of consecutive tokens: copied as blocks, not one by one."""
    if not len(tokens):
        return []
    cuts = np.flatnonzero(np.diff(tokens) != 1) + 1
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(tokens, cuts)]


def _joined(
    array: NDArray[Any], runs: list[tuple[int, int]], more: NDArray[Any] | None
) -> NDArray[Any]:
    length = sum(end - start for start, end in runs)
    extra = 0 if more is None else more.shape[2]
    found = np.empty((*array.shape[:2], length + extra, array.shape[3]), array.dtype)
    at = 0
    for start, end in runs:
        found[:, :, at : at + end - start] = array[:, :, start:end]
        at += end - start
    if more is not None:
        found[:, :, at:] = more
    return found
