"""The canvas at the start of a fill: context, masks for every span, and the line ends of spans with
a number of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.decoding.canvas import CONTEXT, Canvas
from engine.request.messages import Span

SLOTS = 64
"""Masks of all spans together at the start, as in training."""
MIN_SLOTS, MAX_SLOTS = 8, 32
"""Of one span."""
START = 16
"""Masks that one span starts with at most, where it can grow: training starts with up to
``MAX_SLOTS``, but as many answers are exact in half the time (training/LOG.md)."""
SLOTS_A_LINE = 12
"""Masks that a line starts with, where the number of lines is asked for."""


@dataclass(frozen=True)
class StretchStarts:
    """How the stretches of a causal context begin, and those that stand in front of the text."""

    first: int
    """The token before the first piece: another one where the window begins with the text."""
    gap: int
    """The token before every other stretch."""
    snippets: Sequence[Sequence[int]] = ()


def usual_slots(count: int, most: int) -> int:
    """Masks that each of ``count`` spans of unknown length starts with."""
    return max(MIN_SLOTS, min(most, SLOTS // count))


def slots_of(span: Span, count: int, most: int = START) -> int:
    """Places of one of ``count`` spans on the canvas, its line ends included; ``most`` where
    nothing else is asked for."""
    if span.tokens is not None:
        return span.tokens
    usual = usual_slots(count, most)
    if span.lines is not None:
        usual = span.lines * (SLOTS_A_LINE + 1) - 1
    pinned = sum(len(pin) for pin in span.pins)  # no token is shorter than a character
    return min(span.max_tokens, max(usual, span.min_tokens, min(usual + pinned, MAX_SLOTS)))


def build_canvas(
    pieces: Sequence[Sequence[int]],
    spans: Sequence[Span],
    sizes: Sequence[int],
    mask_id: int,
    newline_id: int,
    starts: StretchStarts | None = None,
) -> Canvas:
    """Context ``pieces`` before, between and after ``spans`` of ``sizes`` places; ``starts`` where
    the context is causal."""
    ids: list[int] = []
    groups: list[int] = []
    stretches: list[int] = []
    snippets = [] if starts is None else starts.snippets
    for number, piece in enumerate([*snippets, *pieces], 1):
        i = number - 1 - len(snippets)
        begun = [*piece] if starts is None else [starts.first if i == 0 else starts.gap, *piece]
        ids += begun
        groups += [CONTEXT] * len(begun)
        stretches += [number] * len(begun)
        if 0 <= i < len(sizes):
            ids += _span_ids(spans[i].lines or 1, sizes[i], mask_id, newline_id)
            groups += [i] * sizes[i]
            stretches += [0] * sizes[i]
    return Canvas(ids, groups, mask_id, None if starts is None else stretches, len(snippets))


def _span_ids(lines: int, size: int, mask_id: int, newline_id: int) -> list[int]:
    """``size`` masks, some of them replaced by line ends so that ``lines`` runs of nearly equal
    length remain."""
    masks = size - (lines - 1)
    runs = [masks // lines + (i < masks % lines) for i in range(lines)]
    ids: list[int] = []
    for i, run in enumerate(runs):
        ids += [newline_id] * (i > 0) + [mask_id] * run
    return ids
