"""Count the passes that a generator of passes asks for."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from engine.backends.interface import Batch, Predictions

T = TypeVar("T")


def counting(run: Generator[Batch, Predictions, T]) -> Generator[Batch, Predictions, tuple[T, int]]:
    """Drive ``run`` and return its result with the number of passes (NFE)."""
    nfe = 0
    try:
        batch = next(run)
        while True:
            nfe += 1
            batch = run.send((yield batch))
    except StopIteration as stop:
        return stop.value, nfe
