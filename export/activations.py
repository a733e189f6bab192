"""What goes into each matrix: the peaks that static scales are made of, and what rounding one
matrix alone costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from engine.backends.interface import Batch
from engine.backends.torch.backend import TorchBackend
from engine.network.checkpoint import restored
from engine.network.model import MaskPredictor
from export.precision import Precision
from export.storage import TOP, stored


def static_scales(model: MaskPredictor, batches: Sequence[Batch], storage: str) -> dict[str, float]:
    """Name of a matrix -> scale of its input: the largest number seen, over the largest one that 8
    bits hold."""
    peaks: dict[str, float] = {}

    def watch(name: str, x: Tensor) -> None:
        peaks[name] = max(peaks.get(name, 1e-6), float(x.abs().max()))

    handles = []
    for module_name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            name = f"{module_name}.weight"
            handles.append(
                module.register_forward_pre_hook(
                    lambda _, inputs, name=name: watch(name, inputs[0])
                )
            )
    # A tied head is applied to what the last norm gives, outside of any module.
    norm = model.model.transformer["ln_f"]
    handles.append(
        norm.register_forward_hook(lambda _, __, rows: watch("model.transformer.wte.weight", rows))
    )
    try:
        backend = TorchBackend(model, next(model.parameters()).device)
        for batch in batches:
            backend.predict(batch)
    finally:
        for handle in handles:
            handle.remove()
    return {name: peak / TOP[storage] for name, peak in peaks.items()}


def losses(
    model: MaskPredictor, batches: Sequence[Batch], precision: Precision
) -> dict[str, float]:
    """Name of a matrix of a block -> mean change of log-probabilities (nats) when it alone is
    rounded."""
    backend = TorchBackend(model, next(model.parameters()).device)
    exact = [backend.predict(batch).target_log_probs for batch in batches]
    found = {}
    for name, value in model.named_parameters():
        if ".blocks." in name and value.dim() == 2:
            with _rounded(value, precision):
                changed = [backend.predict(batch).target_log_probs for batch in batches]
            found[name] = float(
                np.mean([np.abs(a - b).mean() for a, b in zip(exact, changed, strict=True)])
            )
    return found


@contextmanager
def _rounded(value: Tensor, precision: Precision) -> Iterator[None]:
    whole = value.data
    numbers, scale = stored(whole.t(), precision.blocks, torch.float32)
    assert scale is not None
    value.data = restored(numbers, scale).t().to(whole.dtype)
    try:
        yield
    finally:
        value.data = whole
