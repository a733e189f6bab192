"""Several spans, each seen again once the others stand: one sweep of coordinate ascent over the
answers.

When a span of several is first written, the others are masks, and what was fixed early knew least.
So every span is written once more between the answers of the others, the least likely one first,
and the likelier of its two texts stays. Their context is encoded already, so this costs steps only.
One blank after another cannot do this: what it wrote first stays. What stands in another span is
easily written again, so an echo of the others does not count as likelier.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.deadline import Deadline
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.sampler import Denoising
from engine.request.messages import Span

AGAIN = 8
"""Masks that a span is written again with, where it can grow and shrink: half of what it began
with, so the two texts differ more often than with as many."""
ECHO = 0.34
"""So much more of a text than before may consist of tokens of the other spans."""


def refinable(spans: Sequence[Span]) -> list[int]:
    """Which of ``spans`` are seen again: those that are free, where there are several and none is
    tied to another."""
    if len(spans) == 1 or any(span.name for span in spans):
        return []
    return [i for i, span in enumerate(spans) if not (span.pins or span.choices or span.lines)]


def refine(
    canvas: Canvas,
    sizes: dict[int, int],
    write: Callable[[Canvas, int], Denoising],
    deadline: Deadline,
) -> Generator[Batch, Predictions, Canvas]:
    """The canvas with the likelier of two texts for every group of ``sizes`` (group -> masks that
    it is written again with).

    ``write`` denoises one group of a canvas.
    """
    for group in sorted(sizes, key=canvas.log_likelihood):
        if deadline.expired():
            break
        second_look = canvas.copy()
        second_look.restart(group, sizes[group])
        yield from write(second_look, group)
        likelier = second_look.log_likelihood(group) > canvas.log_likelihood(group)
        if likelier and _echo(second_look, group) <= _echo(canvas, group) + ECHO:
            canvas = second_look
    return canvas


def _echo(canvas: Canvas, group: int) -> float:
    """Share of the tokens of one span that stand in another one too."""
    places = canvas.places(group)
    others = canvas.ids[(canvas.groups != group) & (canvas.groups != CONTEXT)]
    return float(np.isin(canvas.ids[places], others).mean())
