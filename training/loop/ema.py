"""An exponential moving average of the weights, which generalises better than the last ones at a
constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Ema:
    """Averages of a model's parameters, sharded where they are sharded."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.averages: dict[str, Tensor] = {
            name: p.detach().clone() for name, p in model.named_parameters()
        }

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """average <- decay average + (1 - decay) weight."""
        for name, parameter in model.named_parameters():
            self.averages[name].lerp_(parameter.detach(), 1.0 - self.decay)

    @torch.no_grad()
    def load(self, values: dict[str, Tensor]) -> None:
        """Go on from the averages that a checkpoint holds."""
        for name, average in self.averages.items():
            average.copy_(values[name])

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The model with averaged weights for a while."""
        with torch.no_grad():
            own = {name: p.detach().clone() for name, p in model.named_parameters()}
            self._copy(model, self.averages)
            try:
                yield
            finally:
                self._copy(model, own)

    @torch.no_grad()
    def _copy(self, model: nn.Module, values: dict[str, Tensor]) -> None:
        for name, parameter in model.named_parameters():
            parameter.copy_(values[name])
