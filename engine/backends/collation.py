"""One forward pass for several requests: rows of different lengths side by side, padding invisible.

Shapes: B rows, S active tokens, Q queried rows, A constraints, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.backends.interface import Batch, Context, Predictions
from engine.base.arrays import Bools, Floats, Ints

MAX_LOGITS = 1 << 27
"""Logits of a shared pass (rows x queries x vocabulary), half a gigabyte in fp32."""


PASS_TOKENS = 24
"""What a pass costs beside its tokens, in tokens: so much padding is worth a pass less."""
MAX_WASTE = 1.25
"""Tokens of a shared pass with its padding, over those that were asked for, beyond that."""


def group_passes(batches: Sequence[Batch], most: int) -> list[list[int]]:
    """Indices of the batches that one pass of at most ``most`` active tokens takes together,
    padding included.

    They are of the same phase, and of like length beside each other.
    """
    order = sorted(
        range(len(batches)), key=lambda i: (_phase(batches[i]), batches[i].input_ids.shape[1])
    )
    groups: list[list[int]] = []
    for i in order:
        alike = groups and _phase(batches[groups[-1][0]]) == _phase(batches[i])
        if alike and _fits([batches[j] for j in (*groups[-1], i)], most):
            groups[-1].append(i)
        else:
            groups.append([i])
    # In the order of the requests from step to step, so that joined contexts stay as they are.
    return [sorted(group) for group in groups]


def collate(
    batches: Sequence[Batch], join: Callable[[Sequence[Context]], Context] | None = None
) -> Batch:
    """All rows in one batch, contexts put together by the backend's ``join``.

    Shorter rows and contexts are padded at the right, where no key is seen.
    """
    if len(batches) == 1:
        return batches[0]
    active = max(batch.input_ids.shape[1] for batch in batches)
    queries = max(batch.query_index.shape[1] for batch in batches)
    allowed, offsets = _joined_constraints(batches)
    contexts = [batch.context for batch in batches if batch.context is not None]
    cached = max((context.length for context in contexts), default=0)
    assert not contexts or join is not None, "contexts are joined by their backend"
    context_positions = [
        batch.context_position_ids for batch in batches if batch.context_position_ids is not None
    ]
    targets = [
        np.zeros(batch.query_index.shape, np.int64)
        if batch.target_ids is None
        else batch.target_ids
        for batch in batches
    ]
    rows = [batch.allowed_row + offset for batch, offset in zip(batches, offsets, strict=True)]
    return Batch(
        input_ids=_stack([batch.input_ids for batch in batches], active),
        position_ids=_stack([batch.position_ids for batch in batches], active),
        query_index=_stack([batch.query_index for batch in batches], queries),
        allowed=allowed,
        allowed_row=_stack(rows, queries),
        target_ids=_stack(targets, queries),
        key_mask=np.concatenate([_keys(batch, cached, active) for batch in batches]),
        context=join(contexts) if join and contexts else None,
        context_position_ids=_stack(context_positions, cached) if contexts else None,
        stretch=_stretches(batches, cached, active),
        tie=_ties(batches, queries),
        keep=None if batches[0].keep is None else np.arange(active),
        full=batches[0].full,
    )


def split(predictions: Predictions, batches: Sequence[Batch]) -> list[Predictions]:
    """Each request's part of the predictions of ``collate(batches)``."""
    if len(batches) == 1:
        return [predictions]
    parts, first = [], 0
    for which, batch in enumerate(batches):
        rows, queries = batch.query_index.shape
        at = (slice(first, first + rows), slice(0, queries))
        parts.append(
            Predictions(
                token_ids=predictions.token_ids[at],
                log_probs=predictions.log_probs[at],
                target_log_probs=predictions.target_log_probs[at],
                entropy=predictions.entropy[at],
                context=_own_context(predictions, batches, which, slice(first, first + rows)),
                logits=None if predictions.logits is None else predictions.logits[at],
            )
        )
        first += rows
    return parts


def _phase(batch: Batch) -> tuple[bool, bool, bool]:
    """Encoding a context, steps on one, and passes without any differ in size and in what they
    leave behind."""
    return (batch.full, batch.context is None, batch.keep is None)


def _own_context(
    predictions: Predictions, batches: Sequence[Batch], which: int, rows: slice
) -> Context | None:
    """What one request gets back: its own context, and behind it what it said to keep."""
    batch = batches[which]
    if batch.keep is None or predictions.context is None:
        return batch.context
    past = 0 if batch.context is None else batch.context.length
    cached = predictions.context.length - max(other.input_ids.shape[1] for other in batches)
    return predictions.context.take(np.concatenate((np.arange(past), cached + batch.keep)), rows)


def _fits(batches: Sequence[Batch], most: int) -> bool:
    rows = sum(len(batch.input_ids) for batch in batches)
    active = max(batch.input_ids.shape[1] for batch in batches)
    asked = sum(batch.input_ids.size for batch in batches)
    if rows * active > MAX_WASTE * asked + PASS_TOKENS * (len(batches) - 1):
        return False
    queries = max(batch.query_index.shape[1] for batch in batches)
    vocabulary = int(batches[0].allowed.shape[1])
    return bool(rows * active <= most and rows * queries * vocabulary <= MAX_LOGITS)


def _joined_constraints(batches: Sequence[Batch]) -> tuple[Bools, list[int]]:
    """Requests that share a table (the same array) share its rows."""
    tables: dict[int, tuple[Bools, int]] = {}
    for batch in batches:
        if id(batch.allowed) not in tables:
            tables[id(batch.allowed)] = (
                batch.allowed,
                sum(len(table) for table, _ in tables.values()),
            )
    return np.concatenate([table for table, _ in tables.values()]), [
        tables[id(batch.allowed)][1] for batch in batches
    ]


def _keys(batch: Batch, cached: int, active: int) -> Bools:
    """Which keys of a row exist, in (rows, cached + active)."""
    rows, own = batch.input_ids.shape
    past = 0 if batch.context is None else batch.context.length
    known = np.ones((rows, past + own), bool) if batch.key_mask is None else batch.key_mask
    found = np.zeros((rows, cached + active), bool)
    found[:, :past], found[:, cached : cached + own] = known[:, :past], known[:, past:]
    return found


def _stretches(batches: Sequence[Batch], cached: int, active: int) -> Ints | None:
    """The stretch of every key, in (rows, cached + active); padding is hidden by the key mask."""
    if batches[0].stretch is None:
        return None
    found = []
    for batch in batches:
        assert batch.stretch is not None, "requests of one model share a pass"
        rows, own = batch.input_ids.shape
        past = batch.stretch.shape[1] - own
        padded = np.zeros((rows, cached + active), np.int64)
        padded[:, :past], padded[:, cached : cached + own] = (
            batch.stretch[:, :past],
            batch.stretch[:, past:],
        )
        found.append(padded)
    return np.concatenate(found)


def _ties(batches: Sequence[Batch], queries: int) -> Floats | None:
    if all(batch.tie is None for batch in batches):
        return None
    found = []
    for batch in batches:
        rows, own = batch.query_index.shape
        tie = np.tile(np.eye(queries, dtype=np.float32), (rows, 1, 1))
        if batch.tie is not None:
            tie[:, :own, :own] = batch.tie
        found.append(tie)
    return np.concatenate(found)


def _stack(arrays: Sequence[Ints], width: int) -> Ints:
    return np.concatenate(
        [np.pad(array, ((0, 0), (0, width - array.shape[1]))) for array in arrays]
    )
