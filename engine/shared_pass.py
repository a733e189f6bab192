"""One forward pass for several requests: rows of different lengths side by side, padding invisible.

Shapes: B rows, S active tokens, Q queried rows, A constraints, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backends import Batch, Bools, Ints, Predictions

MAX_TOKENS = 8_192
"""Active tokens of a shared pass, padding included: enough to fill a machine, little enough to stay interruptible."""
MAX_LOGITS = 1 << 27
"""Logits of a shared pass (rows x queries x vocabulary), half a gigabyte in fp32."""


def shareable(batch: Batch) -> bool:
    """True for passes without cached tokens and ties, whose rows may stand beside the rows of others."""
    return batch.context is None and batch.keep is None and batch.tie is None


def group_passes(batches: Sequence[Batch]) -> list[list[int]]:
    """Indices of the batches that one pass takes together, passes of like length beside each other."""
    alone = [[i] for i, batch in enumerate(batches) if not shareable(batch)]
    rest = sorted((i for i, batch in enumerate(batches) if shareable(batch)), key=lambda i: batches[i].input_ids.shape[1])
    groups: list[list[int]] = []
    for i in rest:
        if groups and batches[groups[-1][0]].full == batches[i].full and _fits([batches[j] for j in (*groups[-1], i)]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return alone + groups


def collate(batches: Sequence[Batch]) -> Batch:
    """All rows in one batch; shorter rows are padded at the right, where no key is seen."""
    if len(batches) == 1:
        return batches[0]
    active = max(batch.input_ids.shape[1] for batch in batches)
    queries = max(batch.query_index.shape[1] for batch in batches)
    allowed, offsets = _joined_constraints(batches)
    keys = [np.ones(batch.input_ids.shape, bool) if batch.key_mask is None else batch.key_mask for batch in batches]
    targets = [
        np.zeros(batch.query_index.shape, np.int64) if batch.target_ids is None else batch.target_ids for batch in batches
    ]
    rows = [batch.allowed_row + offset for batch, offset in zip(batches, offsets, strict=True)]
    return Batch(
        input_ids=_stack([batch.input_ids for batch in batches], active),
        position_ids=_stack([batch.position_ids for batch in batches], active),
        query_index=_stack([batch.query_index for batch in batches], queries),
        allowed=allowed,
        allowed_row=_stack(rows, queries),
        target_ids=_stack(targets, queries),
        key_mask=np.concatenate([np.pad(key, ((0, 0), (0, active - key.shape[1]))) for key in keys]),
        full=batches[0].full,
    )


def split(predictions: Predictions, batches: Sequence[Batch]) -> list[Predictions]:
    """Each request's part of the predictions of ``collate(batches)``."""
    if len(batches) == 1:
        return [predictions]
    parts, first = [], 0
    for batch in batches:
        rows, queries = batch.query_index.shape
        at = (slice(first, first + rows), slice(0, queries))
        parts.append(
            Predictions(
                token_ids=predictions.token_ids[at],
                log_probs=predictions.log_probs[at],
                target_log_probs=predictions.target_log_probs[at],
                entropy=predictions.entropy[at],
                logits=None if predictions.logits is None else predictions.logits[at],
            )
        )
        first += rows
    return parts


def _fits(batches: Sequence[Batch]) -> bool:
    rows = sum(len(batch.input_ids) for batch in batches)
    active = max(batch.input_ids.shape[1] for batch in batches)
    queries = max(batch.query_index.shape[1] for batch in batches)
    vocabulary = int(batches[0].allowed.shape[1])
    return bool(rows * active <= MAX_TOKENS and rows * queries * vocabulary <= MAX_LOGITS)


def _joined_constraints(batches: Sequence[Batch]) -> tuple[Bools, list[int]]:
    """Requests that share a table (the same array) share its rows."""
    tables: dict[int, tuple[Bools, int]] = {}
    for batch in batches:
        if id(batch.allowed) not in tables:
            tables[id(batch.allowed)] = (batch.allowed, sum(len(table) for table, _ in tables.values()))
    return np.concatenate([table for table, _ in tables.values()]), [tables[id(batch.allowed)][1] for batch in batches]


def _stack(arrays: Sequence[Ints], width: int) -> Ints:
    return np.concatenate([np.pad(array, ((0, 0), (0, width - array.shape[1]))) for array in arrays])
