"""The reverse process: predict, choose, transfer, resize, repeat.

A generator: it yields the pass it wants and is sent the predictions, so the same code runs alone,
among others in the batcher, and in a test with a table for a model. LLaDA's generation, Fast-dLLM's
caches and Lacuna's infilling are all this one loop; they differ in the canvas, the plan
(``cache_plan``) and the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools, Ints
from engine.base.deadline import Deadline
from engine.decoding.caching.cache_plan import CachePlan, View
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import Constraint, ConstraintTable
from engine.decoding.length_control import FIXED_CANVAS, LengthControl
from engine.decoding.schedule import num_transfer_tokens, top_confident
from engine.decoding.token_sampling import Choice, choose, choose_from_logits, guided
from engine.decoding.transfer_rules import Step, TransferRule

Denoising = Generator[Batch, Predictions, None]


@dataclass(frozen=True)
class Rules:
    """How a canvas is denoised."""

    steps: int
    """Steps of one block."""
    transfer: TransferRule | None = None
    """Which predictions are final; without a rule the schedule alone decides (LLaDA)."""
    at_least_schedule: bool = False
    """With a rule: never transfer less than keeps to ``steps``, counting only slots that are not
    about to be deleted."""
    remasking: Literal["low_confidence", "random"] = "low_confidence"
    temperature: float = 0.0
    cfg_scale: float = 0.0
    last_ids: tuple[int, ...] = ()
    """Tokens that are never confident: their places wait until nothing else is left (LLaDA's end
    tokens)."""
    stop_ids: tuple[int, ...] = ()
    """A block that holds one of these tokens is the last."""
    full_distribution: bool = False
    """Sample from all of the vocabulary rather than from the candidates (backends that offer it).
    """
    seed: int = 0
    deadline: Deadline = field(default_factory=Deadline)
    """Once it has passed, everything is transferred in the step at hand."""
    on_step: Callable[[Canvas, int], None] = field(default=lambda canvas, step: None)


@dataclass(frozen=True)
class _Process:
    """One run of the reverse process: all that its steps share."""

    canvas: Canvas
    plan: CachePlan
    table: ConstraintTable
    rules: Rules
    lengths: LengthControl
    key_mask: Bools | None
    rng: np.random.Generator


def denoise(
    canvas: Canvas,
    blocks: list[list[int]],
    plan: CachePlan,
    table: ConstraintTable,
    rules: Rules,
    lengths: LengthControl = FIXED_CANVAS,
    key_mask: Bools | None = None,
) -> Denoising:
    """Fill the masks of ``canvas``, block by block (lists of groups), in place.

    ``lengths`` rules the control tokens of spans of unknown length; by default every token is
    allowed, as in LLaDA. ``key_mask`` (L,) excludes padding of a canvas that keeps its length.
    """
    process = _Process(
        canvas, plan, table, rules, lengths, key_mask, np.random.default_rng(rules.seed)
    )
    yield from encode_context(canvas, plan, table)
    step = 0
    for block in blocks:
        groups = np.asarray(block)
        plan.enter(groups)
        for number, quota in enumerate(_quotas(len(canvas.masked(groups)), rules, lengths.grows)):
            masked = canvas.masked(groups)
            if not len(masked):
                break
            yield from _step(process, masked, number, quota)
            step += 1
            rules.on_step(canvas, step)
        if (
            rules.stop_ids
            and np.isin(canvas.ids[np.isin(canvas.groups, groups)], rules.stop_ids).any()
        ):
            break


def _step(process: _Process, masked: Ints, number: int, quota: int) -> Denoising:
    """Step ``number`` of a block: predict the places ``masked``, choose, and transfer at least
    ``quota`` of them."""
    canvas, rules, lengths = process.canvas, process.rules, process.lengths
    batch = masked_pass(
        canvas, process.plan.view(canvas), masked, process.table, lengths, process.key_mask
    )
    same = lengths.representatives(canvas, masked)
    batch.tie = None if same is None else (same[:, None] == same[None, :]).astype(np.float32)[None]
    batch.full = rules.full_distribution or rules.cfg_scale > 0.0
    predictions = yield _with_unconditional_row(batch, canvas) if rules.cfg_scale > 0.0 else batch
    process.plan.update(predictions)
    late = rules.deadline.expired()
    choice = _choose(predictions, rules, process.rng, lengths.control_ids if late else ())
    delete_log_probs = predictions.target_log_probs[0]
    if rules.at_least_schedule:
        needed = len(masked) - lengths.superfluous(canvas, masked, delete_log_probs)
        quota = max(1, _share(needed, number, rules))
    confidence = _confidence(choice, rules, process.rng)
    chosen = top_confident(confidence, len(masked) if late else quota)
    if rules.transfer is not None:
        chosen |= rules.transfer(_predicted(canvas, masked, confidence, predictions))
    if same is not None:  # what is tied is one choice
        choice, chosen = Choice(choice.tokens[same], choice.log_probs[same]), chosen[same]
    lengths.transfer(canvas, masked, choice, chosen, delete_log_probs)


def _quotas(num_masked: int, rules: Rules, grows: bool) -> Iterator[int]:
    """How many tokens each step transfers at least: the schedule, or one at a time while masks
    remain.

    A canvas that cannot grow is done after ``num_masked`` steps: a mask that is left was emitted,
    as LLaDA may do.
    """
    if rules.transfer is None:
        return iter(num_transfer_tokens(num_masked, rules.steps))
    return repeat(1) if grows or rules.at_least_schedule else repeat(1, num_masked)


def _share(needed: int, step: int, rules: Rules) -> int:
    """What a step transfers at least so that ``needed`` tokens are done after ``rules.steps``
    steps.

    Masks that are left after those came by growth; half of them are due at a time.
    """
    left = rules.steps - step
    return -(-needed // (left if left > 0 else 2))


def _confidence(choice: Choice, rules: Rules, rng: np.random.Generator) -> NDArray[np.float64]:
    confidence = (
        rng.random(len(choice.tokens)) if rules.remasking == "random" else np.exp(choice.log_probs)
    )
    return (
        np.where(np.isin(choice.tokens, rules.last_ids), -np.inf, confidence)
        if rules.last_ids
        else confidence
    )


def _predicted(
    canvas: Canvas, masked: Ints, confidence: NDArray[np.float64], predictions: Predictions
) -> Step:
    ids, log_probs, entropy = (
        predictions.token_ids[0],
        predictions.log_probs[0],
        predictions.entropy[0],
    )
    return Step(canvas.slots[masked], masked, confidence, ids, log_probs, entropy)


def encode_context(canvas: Canvas, plan: CachePlan, table: ConstraintTable) -> Denoising:
    """Encode the given tokens as if the spans were not there, where the plan wants it and it was
    not done before."""
    if not isinstance(plan, EncodedContext) or plan.context is not None:
        return
    view = plan.encoding(canvas)
    if view is not None:
        # A pass has at least one query.
        row = np.array([table.row_of[Constraint.TEXT]])
        predictions = yield _pass(canvas, view, np.zeros(1, np.int64), table, row)
        assert predictions.context is not None, "a context of some tokens has a handle"
        plan.store(canvas, predictions.context)


def masked_pass(
    canvas: Canvas,
    view: View,
    masked: Ints,
    table: ConstraintTable,
    lengths: LengthControl = FIXED_CANVAS,
    key_mask: Bools | None = None,
) -> Batch:
    """One prediction of the places ``masked``, the log-probability of their deletion too where
    ``lengths`` knows one."""
    keys = view.active if view.cached is None else np.concatenate((view.cached, view.active))
    # Where the row before a place predicts it, that row is active, too: the anchor, or the slot
    # before.
    queries = np.searchsorted(view.active, masked - canvas.anchored)
    batch = _pass(canvas, view, queries, table, lengths.rows(canvas, masked, table))
    batch.target_ids = (
        None if lengths.delete_id is None else np.full((1, len(masked)), lengths.delete_id)
    )
    batch.key_mask = None if key_mask is None else key_mask[keys][None]
    return batch


def _pass(
    canvas: Canvas, view: View, query_index: Ints, table: ConstraintTable, allowed_row: Ints
) -> Batch:
    """One row that looks at the canvas as ``view`` says."""
    cached = np.empty(0, np.int64) if view.cached is None or view.context is None else view.cached
    positions = (
        canvas.positions[np.concatenate((cached, view.active))]
        if view.positions is None
        else view.positions
    )
    return Batch(
        input_ids=canvas.ids[view.active][None],
        position_ids=positions[len(cached) :][None],
        query_index=query_index[None],
        allowed=table.allowed,
        allowed_row=allowed_row[None],
        context=view.context,
        context_position_ids=None if view.context is None else positions[: len(cached)][None],
        stretch=None if view.stretches is None else view.stretches[None],
        keep=view.keep,
    )


def _with_unconditional_row(batch: Batch, canvas: Canvas) -> Batch:
    """A second row whose given tokens are masked."""
    assert not canvas.anchored, "guidance needs a model whose context may be masked"
    hidden = np.where(canvas.groups == CONTEXT, canvas.mask_id, canvas.ids)[batch.position_ids[0]][
        None
    ]
    for name in ("position_ids", "query_index", "allowed_row", "key_mask", "tie"):
        value = getattr(batch, name)
        setattr(batch, name, None if value is None else np.repeat(value, 2, axis=0))
    batch.input_ids = np.concatenate((batch.input_ids, hidden))
    return batch


def _choose(
    predictions: Predictions, rules: Rules, rng: np.random.Generator, banned: tuple[int, ...]
) -> Choice:
    if predictions.logits is None:
        return choose(predictions, rules.temperature, rng, banned)
    logits = predictions.logits[0]
    if rules.cfg_scale > 0.0:
        logits = guided(predictions.logits[0], predictions.logits[1], rules.cfg_scale)
    return choose_from_logits(logits, rules.temperature, rng)
