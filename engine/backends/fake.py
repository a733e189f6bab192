"""A backend whose predictions are a function: tests and protocol work without a model.

It keeps the promises of the real ones: constraints, exact log-probabilities, opaque contexts, one
context longer for every kept token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import ALL_ROWS, SHARED_ON_GPU, Batch, Context, Predictions
from engine.base.arrays import Floats, Ints

Score = Callable[[Ints, Ints, int], NDArray[np.floating]]
"""(active ids, their positions, queried index) -> logits (V,)."""


@dataclass(frozen=True)
class FakeContext:
    ids: Ints  # (B, P)

    @property
    def length(self) -> int:
        return int(self.ids.shape[1])

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> FakeContext:
        return FakeContext(self.ids[rows][:, tokens])


@dataclass
class FakeBackend:
    score: Score
    num_candidates: int = 8
    name: str = "fake"
    shared_tokens: int = SHARED_ON_GPU
    batches: list[Batch] = field(default_factory=list)
    """Every pass that was asked for."""
    interrupts: int = 0
    """How often the running pass was to end."""

    def predict(self, batch: Batch) -> Predictions:
        self.batches.append(batch)
        rows, queries = batch.query_index.shape
        logits: Floats = np.stack([self._row(batch, b) for b in range(rows)]).astype(np.float32)
        if batch.tie is not None:
            logits = batch.tie @ logits
        masked = np.where(batch.allowed[batch.allowed_row], logits, -np.inf)
        peak = masked.max(-1, keepdims=True)
        log_probs = masked - peak - np.log(np.exp(masked - peak).sum(-1, keepdims=True))
        order = np.argsort(-log_probs, axis=-1, kind="stable")[..., : self.num_candidates]
        target = (
            np.zeros((rows, queries), np.int64) if batch.target_ids is None else batch.target_ids
        )
        finite = np.where(np.isfinite(log_probs), log_probs, 0.0)
        return Predictions(
            token_ids=order,
            log_probs=np.take_along_axis(log_probs, order, -1),
            target_log_probs=np.take_along_axis(log_probs, target[..., None], -1)[..., 0],
            entropy=-(np.exp(log_probs) * finite).sum(-1),
            context=self._extended(batch),
            logits=masked if batch.full else None,
        )

    def join(self, contexts: Sequence[Context]) -> FakeContext:
        length = max(context.length for context in contexts)
        rows = [context.ids for context in contexts if isinstance(context, FakeContext)]
        return FakeContext(
            np.concatenate([np.pad(ids, ((0, 0), (0, length - ids.shape[1]))) for ids in rows])
        )

    def interrupt(self) -> None:
        """Counted only: a function call cannot be ended early."""
        self.interrupts += 1

    def release(self) -> None:
        """Nothing is kept."""

    def _row(self, batch: Batch, b: int) -> NDArray[np.floating]:
        """Logits (Q, V) of one row, whose padding does not exist."""
        active = batch.input_ids.shape[1]
        seen = np.ones(active, bool) if batch.key_mask is None else batch.key_mask[b, -active:]
        ids, positions, index = (
            batch.input_ids[b][seen],
            batch.position_ids[b][seen],
            np.cumsum(seen) - 1,
        )
        return np.stack([self.score(ids, positions, int(index[q])) for q in batch.query_index[b]])

    def _extended(self, batch: Batch) -> FakeContext | None:
        context = batch.context
        assert context is None or isinstance(context, FakeContext)
        if batch.keep is None:
            return context
        kept = batch.input_ids[:, batch.keep]
        return FakeContext(np.concatenate((context.ids, kept), axis=1) if context else kept)
