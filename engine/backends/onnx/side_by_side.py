"""The caches of several requests as one array, kept from step to step.

The same requests stand side by side in every step until one of them ends; then the rows behind it
move up, in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SideBySide:
    """For the keys, or the values, of one layer: arrays (b, G, p, D) of different p."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []
        self._joined: NDArray[Any] | None = None

    def join(self, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """One array (sum of b, G, longest p, D), valid until the next call; tokens beyond a row's
        own p hold anything."""
        length = max(array.shape[2] for array in arrays)
        if self._joined is None or not self._holds(arrays) or self._joined.shape[2] < length:
            rows = sum(len(array) for array in arrays)
            self._joined = np.zeros(
                (rows, arrays[0].shape[1], length, arrays[0].shape[3]), arrays[0].dtype
            )
            self._arrays = []
            self._append(arrays)
        elif len(arrays) < len(self._arrays):
            self._close_up(arrays)
        return self._joined[: sum(len(array) for array in arrays), :, :length]

    def _holds(self, arrays: Sequence[NDArray[Any]]) -> bool:
        """True when ``arrays`` are those that lie here, in this order, or some of them."""
        known = iter(self._arrays)
        return all(any(other is array for other in known) for array in arrays)

    def _append(self, arrays: Sequence[NDArray[Any]]) -> None:
        assert self._joined is not None
        first = 0
        for array in arrays:
            self._joined[first : first + len(array), :, : array.shape[2]] = array
            first += len(array)
        self._arrays = list(arrays)

    def _close_up(self, arrays: Sequence[NDArray[Any]]) -> None:
        assert self._joined is not None
        staying = {id(array) for array in arrays}
        first = at = 0
        for array in self._arrays:
            if id(array) in staying:
                if first != at:
                    self._joined[at : at + len(array)] = self._joined[first : first + len(array)]
                at += len(array)
            first += len(array)
        self._arrays = list(arrays)
