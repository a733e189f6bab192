"""The canvas at the start of a fill: context, masks for every span, and the line ends of spans with a number of lines."""

from __future__ import annotations

from collections.abc import Sequence

from engine.decoding.canvas import CONTEXT, Canvas
from engine.request.messages import Span

SLOTS = 64
"""Masks of all spans together at the start, as in training."""
MIN_SLOTS, MAX_SLOTS = 8, 32
"""Of one span."""
START = 16
"""Masks that one span starts with at most, where it can grow: training starts with up to ``MAX_SLOTS``, but as many answers
are exact in half the time (training/LOG.md)."""
SLOTS_A_LINE = 12
"""Masks that a line starts with, where the number of lines is asked for."""


def usual_slots(count: int, most: int) -> int:
    """Masks that each of ``count`` spans of unknown length starts with."""
    return max(MIN_SLOTS, min(most, SLOTS // count))


def slots_of(span: Span, count: int, most: int = START) -> int:
    """Places of one of ``count`` spans on the canvas, its line ends included; ``most`` where nothing else is asked for."""
    if span.tokens is not None:
        return span.tokens
    usual = usual_slots(count, most)
    if span.lines is not None:
        usual = span.lines * (SLOTS_A_LINE + 1) - 1
    pinned = sum(len(pin) for pin in span.pins)  # no token is shorter than a character
    return min(span.max_tokens, max(usual, span.min_tokens, min(usual + pinned, MAX_SLOTS)))


def build_canvas(
    pieces: Sequence[Sequence[int]], spans: Sequence[Span], sizes: Sequence[int], mask_id: int, newline_id: int
) -> Canvas:
    """Context ``pieces`` before, between and after ``spans`` of ``sizes`` places."""
    ids: list[int] = []
    groups: list[int] = []
    for i, piece in enumerate(pieces):
        ids += piece
        groups += [CONTEXT] * len(piece)
        if i < len(sizes):
            ids += _span_ids(spans[i].lines or 1, sizes[i], mask_id, newline_id)
            groups += [i] * sizes[i]
    return Canvas(ids, groups, mask_id)


def _span_ids(lines: int, size: int, mask_id: int, newline_id: int) -> list[int]:
    """``size`` masks, some of them replaced by line ends so that ``lines`` runs of nearly equal length remain."""
    masks = size - (lines - 1)
    runs = [masks // lines + (i < masks % lines) for i in range(lines)]
    ids: list[int] = []
    for i, run in enumerate(runs):
        ids += [newline_id] * (i > 0) + [mask_id] * run
    return ids
