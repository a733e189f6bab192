"""The mask predictor in torch: the reference for every other backend, and the one that offers full
distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.backends.interface import (
    ALL_ROWS,
    SHARED_ON_CPU,
    SHARED_ON_GPU,
    Batch,
    Context,
    Predictions,
)
from engine.backends.torch.devices import move_to_devices
from engine.base.arrays import Ints
from engine.network.checkpoint import load_checkpoint
from engine.network.graph_io import NUM_CANDIDATES
from engine.network.model import LayerKeys, MaskPredictor
from engine.network.weights import weight_files

WIDENED_BYTES = 4 << 30


@dataclass
class TorchContext:
    keys: list[LayerKeys]

    @property
    def length(self) -> int:
        return int(self.keys[0][0].shape[2])

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for pair in self.keys for tensor in pair)

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> TorchContext:
        return TorchContext(
            [(_take(keys[rows], tokens), _take(values[rows], tokens)) for keys, values in self.keys]
        )


class TorchBackend:
    name = "torch"

    def __init__(self, model: MaskPredictor, device: torch.device | None = None) -> None:
        """Around a model that lies on ``device`` already; by default it is put where it fits."""
        self.device = move_to_devices(model) if device is None else device
        self.shared_tokens = SHARED_ON_CPU if self.device.type == "cpu" else SHARED_ON_GPU
        self.model = model

    @torch.no_grad()
    def predict(self, batch: Batch) -> Predictions:
        context = batch.context
        assert context is None or isinstance(context, TorchContext), (
            "a context belongs to its backend"
        )
        rows, active = self.model.encode(
            self._tensor(batch.input_ids),
            self._tensor(batch.position_ids),
            None if context is None else context.keys,
            None
            if batch.context_position_ids is None
            else self._tensor(batch.context_position_ids),
            None if batch.key_mask is None else self._tensor(batch.key_mask),
            None if batch.stretch is None else self._tensor(batch.stretch),
        )
        query = self._tensor(batch.query_index)
        rows = torch.gather(rows, 1, query[:, :, None].expand(-1, -1, rows.shape[2]))
        if batch.tie is not None:
            # The head is linear, so tied rows may be summed before it.
            rows = self._tensor(batch.tie).to(rows.dtype) @ rows
        logits = self.model.head(rows).float()  # (B, Q, V)
        allowed = self._tensor(batch.allowed)[self._tensor(batch.allowed_row)]
        logits = logits.masked_fill(~allowed, -torch.inf)
        log_probs = logits.log_softmax(-1)
        best = log_probs.topk(min(NUM_CANDIDATES, log_probs.shape[-1]), dim=-1)
        target = (
            torch.zeros_like(query) if batch.target_ids is None else self._tensor(batch.target_ids)
        )
        probs = log_probs.exp()
        return Predictions(
            token_ids=best.indices.cpu().numpy(),
            log_probs=best.values.cpu().numpy(),
            target_log_probs=log_probs.gather(-1, target[:, :, None])[:, :, 0].cpu().numpy(),
            entropy=-(probs * log_probs.clamp_min(-1e4)).sum(-1).cpu().numpy(),
            context=self._extended(context, active, batch),
            logits=logits.cpu().numpy() if batch.full else None,
        )

    def join(self, contexts: Sequence[Context]) -> TorchContext:
        length = max(context.length for context in contexts)
        layers = [context.keys for context in contexts if isinstance(context, TorchContext)]
        return TorchContext(
            [
                (_joined([k for k, _ in at], length), _joined([v for _, v in at], length))
                for at in zip(*layers, strict=True)
            ]
        )

    def interrupt(self) -> None:
        """A torch pass cannot be ended early; it ends by itself within one step."""

    def release(self) -> None:
        """torch's allocator hands freed memory to the next pass."""

    def _extended(
        self, context: TorchContext | None, active: list[LayerKeys], batch: Batch
    ) -> TorchContext | None:
        if batch.keep is None:
            return context
        kept = [(_take(keys, batch.keep), _take(values, batch.keep)) for keys, values in active]
        if context is not None:
            kept = [
                (torch.cat((old_k, k), 2), torch.cat((old_v, v), 2))
                for (old_k, old_v), (k, v) in zip(context.keys, kept, strict=True)
            ]
        return TorchContext(kept)

    def _tensor(self, array: object) -> Tensor:
        return torch.as_tensor(array).to(self.device)


def _take(tensor: Tensor, rows: Ints) -> Tensor:
    # Layers may lie on several devices.
    return tensor.index_select(2, torch.as_tensor(rows, device=tensor.device))


def _joined(tensors: Sequence[Tensor], length: int) -> Tensor:
    return torch.cat([torch.nn.functional.pad(t, (0, 0, 0, length - t.shape[2])) for t in tensors])


def load(folder: Path, threads: int | None = None) -> TorchBackend:
    if threads is not None:
        torch.set_num_threads(threads)
    size = sum(path.stat().st_size for path in weight_files(folder))
    # On a CPU half precision is slow where it is not native, so weights are widened; large ones
    # stay as they are mapped.
    widen = not torch.cuda.is_available() and size <= WIDENED_BYTES
    return TorchBackend(load_checkpoint(folder, torch.float32 if widen else None))
