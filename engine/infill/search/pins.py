"""Where do pinned words go? A search over the places of a span, scored by the model.

One pass for each token of the pins tells how likely it is at every slot. A beam over the pins, in
order, keeps the arrangements of highest probability; the best few are put on the canvas and judged
again by how sure the model is of the rest.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Ints
from engine.base.deadline import Deadline
from engine.decoding.caching.cache_plan import CachePlan, FullPass
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.length_control import Lengths
from engine.decoding.sampler import encode_context, masked_pass
from engine.text.tokenizer import TextTokenizer

BEAM = 48
"""Partial arrangements that are kept while one pin after another is put down."""
JUDGED = 6
"""Arrangements that are tried on the canvas."""

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Arrangement:
    """Pin by pin the slot of the span where it begins and its tokens."""

    pins: tuple[tuple[int, Tokens], ...]
    score: float


def pin_forms(pins: Sequence[str], tokenizer: TextTokenizer) -> list[tuple[Tokens, ...]]:
    """Pin by pin its tokens with a space in front and without one."""
    return [
        tuple(dict.fromkeys(tuple(tokenizer.encode(lead + pin)) for lead in (" ", "")))
        for pin in pins
    ]


def search_arrangements(
    canvas: Canvas,
    group: int,
    forms: Sequence[tuple[Tokens, ...]],
    plan: CachePlan,
    table: ConstraintTable,
    lengths: Lengths,
    deadline: Deadline,
) -> Generator[Batch, Predictions, list[Arrangement]]:
    """Arrangements of pins in the masks of ``group``, the best first; none when they do not fit.

    ``forms`` are the ways to write each pin (``pin_forms``), in the order in which they must stand.
    Once the ``deadline`` has passed no further passes are made: tokens not looked at count as
    equally likely everywhere.
    """
    yield from encode_context(canvas, plan, table)
    masked = canvas.masked(np.array([group]))
    view = (plan if isinstance(plan, EncodedContext) else FullPass()).view(canvas)
    likely: dict[int, NDArray[np.floating]] = {}
    for token in dict.fromkeys(token for tokens in forms for form in tokens for token in form):
        if deadline.expired():
            likely[token] = np.zeros(len(masked))
            continue
        batch = masked_pass(canvas, view, masked, table, lengths)
        batch.keep = None
        batch.target_ids = np.full((1, len(masked)), token)
        likely[token] = (yield batch).target_log_probs[0]
    found = _beam(forms, likely, masked - canvas.places(group)[0], masked)
    judged = []
    for arrangement in [p for p in found if _stands_alone(canvas, group, p, lengths)][:JUDGED]:
        tried = canvas.copy()
        put(tried, group, arrangement)
        rest = tried.masked(np.array([group]))
        sure = 0.0
        if len(rest) and not deadline.expired():
            batch = masked_pass(tried, view, rest, table, lengths)
            batch.keep = None
            sure = float((yield batch).log_probs[0, :, 0].sum())
        judged.append(Arrangement(arrangement.pins, arrangement.score + sure))
    return sorted(judged, key=lambda arrangement: -arrangement.score)


def put(canvas: Canvas, group: int, arrangement: Arrangement) -> None:
    """Write the pins onto the canvas."""
    places = canvas.places(group)
    for slot, tokens in arrangement.pins:
        canvas.pin(places[slot : slot + len(tokens)], list(tokens))


def _beam(
    forms: Sequence[tuple[Tokens, ...]],
    likely: dict[int, NDArray[np.floating]],
    slots: Ints,
    masked: Ints,
) -> list[Arrangement]:
    """The most probable ways to put one form of each pin, in order, onto runs of neighbouring
    masks."""
    index = {int(slot): i for i, slot in enumerate(slots)}
    shortest = [min(map(len, tokens)) for tokens in forms]
    last = int(slots[-1]) + 1 if len(slots) else 0
    beam: list[tuple[float, int, tuple[tuple[int, Tokens], ...]]] = [(0.0, 0, ())]
    for number, tokens in enumerate(forms):
        left = sum(shortest[number + 1 :])
        longer = []
        for score, free, pinned in beam:
            for form in tokens:
                for slot in range(free, last - left - len(form) + 1):
                    run = [index.get(slot + i) for i in range(len(form))]
                    if None not in run:
                        value = sum(
                            float(likely[token][at])
                            for token, at in zip(form, run, strict=True)
                            if at is not None
                        )
                        longer.append((score + value, slot + len(form), (*pinned, (slot, form))))
        beam = sorted(longer, key=lambda state: -state[0])[:BEAM]
    return [Arrangement(pinned, score) for score, _, pinned in beam]


def _stands_alone(canvas: Canvas, group: int, arrangement: Arrangement, lengths: Lengths) -> bool:
    """False where a pin would join the text around the span, or another pin, to one word."""
    if lengths.boundaries is None:
        return True
    tried = canvas.copy()
    put(tried, group, arrangement)
    first = int(canvas.places(group)[0])
    borders = {first + slot + end for slot, tokens in arrangement.pins for end in (0, len(tokens))}
    return not any(lengths.boundaries.joins(tried, place) for place in borders)
