"""One of several given strings: which does the model find most probable in its place?

Every string is forced onto the canvas in a few steps, the places that the model is surest of first,
as it would write them itself; the sum of the log-probabilities is its score. Where the model can
delete, its belief in the length counts too. A model with causal context reads every string instead:
its exact likelihood, in one pass.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.deadline import Deadline
from engine.decoding.caching.cache_plan import CachePlan, FullPass
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.left_to_right.exact_reading import reading_pass
from engine.decoding.length_control import Lengths
from engine.decoding.sampler import encode_context, masked_pass
from engine.network.model_config import ModelConfig

STEPS = 4
"""Passes in which a string is forced onto the canvas: its surest quarter first."""
SPARE_SLOTS = 2
"""Slots beyond the longest string, so that the length of the longest is judged too."""


def slots_for(choices: Sequence[Sequence[int]]) -> int:
    """Masks of a span that becomes one of ``choices`` (token ids)."""
    return max(map(len, choices)) + SPARE_SLOTS


def score_choices(
    canvas: Canvas,
    group: int,
    choices: Sequence[Sequence[int]],
    plan: CachePlan,
    table: ConstraintTable,
    lengths: Lengths,
    deadline: Deadline,
) -> Generator[Batch, Predictions, list[float]]:
    """Log-probability of each of ``choices`` in the masks of ``group``; without control tokens, the
    mean over its tokens.

    Once the ``deadline`` has passed no further ones are scored; the first always is.
    """
    yield from encode_context(canvas, plan, table)
    view = plan if isinstance(plan, EncodedContext) else FullPass()
    masked = canvas.places(group)
    surplus = np.zeros(len(masked))
    if lengths.delete_id is not None:
        batch = masked_pass(canvas, view.view(canvas), masked, table, lengths)
        batch.keep = None
        surplus = np.asarray((yield batch).target_log_probs[0], np.float64)
    scores: list[float] = []
    for ids in choices:
        if scores and deadline.expired():
            break
        tried = canvas.copy()
        tried.delete(masked[len(ids) :])
        total = yield from _forced(tried, group, ids, view, table, lengths)
        scores.append(
            total + float(surplus[len(ids) :].mean())
            if lengths.delete_id is not None
            else total / len(ids)
        )
    return scores


def read_choices(
    canvases: Sequence[Canvas],
    groups: Sequence[int],
    plan: CausalContext,
    table: ConstraintTable,
    config: ModelConfig,
    deadline: Deadline,
) -> Generator[Batch, Predictions, list[float]]:
    """Log-probability of what stands in ``groups`` on each of ``canvases``, the ends of these spans
    included; other spans are not seen.

    Once the ``deadline`` has passed no further ones are read; the first always is.
    """
    scores: list[float] = []
    for canvas in canvases:
        if scores and deadline.expired():
            break
        yield from encode_context(canvas, plan, table)
        read = yield reading_pass(canvas, plan, config, groups)
        scores.append(float(np.sum(read.target_log_probs[0], dtype=np.float64)))
    return scores


def _forced(
    canvas: Canvas,
    group: int,
    ids: Sequence[int],
    view: CachePlan,
    table: ConstraintTable,
    lengths: Lengths,
) -> Generator[Batch, Predictions, float]:
    """Write ``ids`` into the masks of ``group`` and return their log-probability."""
    places, truth = canvas.places(group), np.asarray(ids, np.int64)
    left = np.arange(len(ids))
    total = 0.0
    for step in range(STEPS):
        if not len(left):
            break
        batch = masked_pass(canvas, view.view(canvas), places[left], table, lengths)
        batch.keep, batch.target_ids = None, truth[left][None]
        found = (yield batch).target_log_probs[0]
        surest = np.argsort(-found, kind="stable")[: -(-len(left) // (STEPS - step))]
        total += float(found[surest].sum())
        canvas.pin(places[left[surest]], truth[left[surest]].tolist())
        left = np.delete(left, surest)
    return total
