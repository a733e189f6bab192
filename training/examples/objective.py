"""What a training step minimises: a batch as tensors with weights, and the one module that turns it
into a loss.

Every objective (LLaDA's, infilling, SFT, the autoregressive baseline) is a weighted sum of
cross-entropies over some rows. The weights are normalised over the whole batch of a step, so a step
is the same however it is cut into micro-batches and spread over processes.

Shapes: B rows, L canvas length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.network.model import MaskPredictor
from training.examples.adapt_batch import AdaptBatch
from training.examples.batches import InfillBatch
from training.examples.infill_pass import span_rows
from training.examples.loss import HeadLoss, LogitsLoss, loss_of_logits, masked_rows
from training.examples.visibility import visible


@dataclass
class Rows:
    """Canvases with a label where the weight is not zero."""

    input_ids: Tensor  # (B, L), noisy
    targets: Tensor  # (B, L)
    weights: Tensor  # (B, L), float; their sum over the step is what the objective says
    kind: str = "plain"

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def tokens(self) -> int:
        return self.input_ids.numel()

    def part(self, rows: slice, device: torch.device) -> Rows:
        """Some rows, on ``device``."""
        ids, targets, weights = (
            x[rows].to(device) for x in (self.input_ids, self.targets, self.weights)
        )
        return Rows(ids, targets, weights, self.kind)


StepBatch = Rows | InfillBatch | AdaptBatch


class Objective(Protocol):
    """Gives the batch of every step; the same step always gives the same batch, on every
    process."""

    def batch(self, step: int) -> StepBatch: ...

    def validation(self) -> Iterator[tuple[str, StepBatch]]:
        """Named held-out batches whose weights make the mean of their losses the figure of that
        name."""
        ...


class LossModule(nn.Module):
    """Batch -> loss. The outermost module of a run: FSDP gathers embedding and head for the whole
    of ``forward``."""

    def __init__(
        self, predictor: MaskPredictor, compile: bool = False, length: int | None = None
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self._length = length
        adapts = predictor.config.context_attention == "causal"
        self._trained_rows = _control_rows(predictor) if adapts else None
        # Bound methods are not submodules, so parameters keep one name each.
        self._compiled: Any = (
            torch.compile(predictor.encode, dynamic=False) if compile and not adapts else None
        )
        if compile and adapts:
            # Deep models are compiled by the block: one is compiled, and serves all.
            for block in predictor.model.blocks:
                block.compile(dynamic=False)
        self._compiled_head: LogitsLoss | None = (
            torch.compile(loss_of_logits, dynamic=False) if compile else None
        )

    def forward(self, batch: StepBatch) -> Tensor:
        if isinstance(batch, InfillBatch):
            rows = masked_rows(
                span_rows(self._compiled or self.predictor.encode, batch), batch.masked
            )
            targets, weights = batch.targets[batch.masked], batch.weights[batch.masked]
        elif isinstance(batch, AdaptBatch):
            part = slice(batch.frozen, None)
            labelled = batch.weights[:, part] != 0
            rows = masked_rows(_views(self.predictor, batch), labelled)
            targets = batch.targets[:, part][labelled]
            weights = batch.weights[:, part][labelled]
        else:
            # A batch cut to a random length would be compiled for that length alone.
            usual = self._compiled is not None and batch.input_ids.shape[1] == self._length
            encode = self._compiled if usual else self.predictor.encode
            labelled = batch.weights != 0
            rows = masked_rows(encode(batch.input_ids)[0], labelled)
            targets, weights = batch.targets[labelled], batch.weights[labelled]
        kind = rows.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
        head = self.predictor.head_weight
        loss: Tensor = HeadLoss.apply(  # type: ignore[no-untyped-call]
            rows, head, targets, weights, dtype, self._compiled_head, self._trained_rows
        )
        return loss


def _views(predictor: MaskPredictor, batch: AdaptBatch) -> Tensor:
    """Rows (B, S - frozen, E) of all that is trained."""
    seen, width = visible(batch.segments), batch.frozen
    if not width:
        return predictor.encode(batch.input_ids, batch.position_ids, visible=seen)[0]
    ids, positions = batch.input_ids, batch.position_ids
    with torch.no_grad():
        first = seen[:, :width, :width]
        _, past = predictor.encode(ids[:, :width], positions[:, :width], visible=first)
    return predictor.encode(
        ids[:, width:],
        positions[:, width:],
        past=past,
        past_position_ids=positions[:, :width],
        visible=seen[:, width:],
    )[0]


def _control_rows(predictor: MaskPredictor) -> Tensor:
    """Freeze the embedding but for the control tokens; returns their ids."""
    rows = torch.tensor(predictor.config.taught_ids)
    embedding = predictor.model.embedding
    trained = torch.zeros(len(embedding), 1)
    trained[rows] = 1.0
    if embedding.requires_grad:
        embedding.register_hook(
            lambda gradient: gradient * trained.to(gradient.device, gradient.dtype)
        )  # type: ignore[no-untyped-call]
    return rows
