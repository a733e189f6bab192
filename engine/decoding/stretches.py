"""Where stretches of context and spans stand, for models whose context is causal and whose canvas
is bidirectional.

A *stretch* is what stands between two spans, or between a span and an end of the text. It is
encoded by itself, so its keys depend on its own tokens alone; positions matter only where a span
looks at it. The last stretch stands in front, then the first one, the first span, the second
stretch, and so on: an autoregressive parent reads what follows a span best before everything else
(training/LOG.md). Behind the token before a span, its *anchor*, positions are reserved, so that a
span may grow and shrink without moving what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

RESERVED = 32
"""Positions reserved for a span; a longer one gets the next multiple."""


def reserved_positions(slots: int) -> int:
    """Positions that a span of ``slots`` slots keeps free."""
    return RESERVED * max(1, -(-slots // RESERVED))


def stretch_starts(
    lengths: Sequence[int], slots: Sequence[int], front: Sequence[int] = ()
) -> tuple[list[int], list[int]]:
    """First position of every stretch and of every span.

    ``lengths`` are those of the stretches in the order of the text, with their start tokens and
    anchors, one more than there are spans; ``slots`` those of the spans; ``front`` those of
    stretches that stand before everything (snippets). The positions of ``front`` come first in the
    first list.
    """
    assert len(lengths) == len(slots) + 1
    starts, at = [], 0
    for length in front:
        starts.append(at)
        at += length
    last_start = at
    at += lengths[-1]
    spans: list[int] = []
    for length, size in zip(lengths[:-1], slots, strict=True):
        starts.append(at)
        at += length
        spans.append(at)
        at += reserved_positions(size)
    return [*starts, last_start], spans
