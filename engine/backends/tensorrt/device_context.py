"""Cached keys and values on a GPU, and copies of some of their tokens without a detour over the
host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.interface import ALL_ROWS
from engine.backends.tensorrt.device import Buffer, Device
from engine.base.arrays import Ints


@dataclass(frozen=True)
class CacheShape:
    """Of the cached keys, or values, of one layer: (rows, heads, tokens, head) of ``itemsize``
    bytes each."""

    heads: int
    head_dim: int
    itemsize: int

    @property
    def token(self) -> int:
        """Bytes of one token of one head."""
        return self.head_dim * self.itemsize

    def nbytes(self, rows: int, tokens: int) -> int:
        return rows * self.heads * tokens * self.token


def copy_tokens(
    device: Device,
    shape: CacheShape,
    target: tuple[Buffer, int],
    source: tuple[Buffer, int],
    tokens: Ints,
    to: int,
    rows: tuple[int, int, int],
) -> None:
    """Copy ``tokens`` of ``source`` (a buffer and its tokens a row) behind the first ``to`` tokens
    of ``target``.

    ``rows`` are the first row of the target, the first of the source, and how many.
    """
    first_target, first_source, count = rows
    for begin, end, index in _runs(tokens):
        at = (
            (first_target * shape.heads * target[1] + to + index) * shape.token,
            (first_source * shape.heads * source[1] + begin) * shape.token,
        )
        pitch = target[1] * shape.token, source[1] * shape.token
        device.copy_rows(
            target[0], source[0], at, pitch, (end - begin) * shape.token, count * shape.heads
        )


@dataclass(eq=False)
class DeviceContext:
    """One buffer (B, G, P, D) of unrotated keys or of values a layer, in the graph's order."""

    device: Device
    shape: CacheShape
    buffers: list[Buffer]
    rows: int
    length: int

    @property
    def nbytes(self) -> int:
        return len(self.buffers) * self.shape.nbytes(self.rows, self.length)

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> DeviceContext:
        first, last, _ = rows.indices(self.rows)
        taken = empty_context(self.device, self.shape, len(self.buffers), last - first, len(tokens))
        taken.put(self, tokens, 0, (0, first, last - first))
        return taken

    def put(self, source: DeviceContext, tokens: Ints, to: int, rows: tuple[int, int, int]) -> None:
        """Copy ``tokens`` of another context behind the first ``to`` tokens of this one."""
        for mine, theirs in zip(self.buffers, source.buffers, strict=True):
            copy_tokens(
                self.device,
                self.shape,
                (mine, self.length),
                (theirs, source.length),
                tokens,
                to,
                rows,
            )


def empty_context(
    device: Device, shape: CacheShape, count: int, rows: int, length: int
) -> DeviceContext:
    """Uninitialised memory for ``count`` layers' keys and values."""
    buffers = [device.allocate(shape.nbytes(rows, length)) for _ in range(count)]
    return DeviceContext(device, shape, buffers, rows, length)


def join(contexts: Sequence[DeviceContext]) -> DeviceContext:
    """Rows one below the other; tokens beyond a row's own length hold anything."""
    first = contexts[0]
    rows, length = sum(c.rows for c in contexts), max(c.length for c in contexts)
    joined = empty_context(first.device, first.shape, len(first.buffers), rows, length)
    at = 0
    for context in contexts:
        joined.put(context, np.arange(context.length), 0, (at, 0, context.rows))
        at += context.rows
    return joined


def _runs(tokens: Ints) -> Iterable[tuple[int, int, int]]:
    """Stretches of neighbours: (first, one past the last, index in ``tokens``)."""
    if not len(tokens):
        return
    breaks = np.flatnonzero(np.diff(tokens) != 1) + 1
    for begin, end in zip([0, *breaks], [*breaks, len(tokens)], strict=True):
        yield int(tokens[begin]), int(tokens[end - 1]) + 1, int(begin)
