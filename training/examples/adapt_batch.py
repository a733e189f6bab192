"""Rows of the adaptation as a batch: a context and views of its spans, with labels of two kinds.

Shapes: B rows, S tokens of a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.examples.visibility import PADDING


@dataclass
class AdaptBatch:
    """Padded rows; a label counts where ``weights`` is not zero."""

    input_ids: Tensor  # (B, S)
    position_ids: Tensor  # (B, S)
    segments: Tensor  # (B, S), see ``visibility``
    targets: Tensor  # (B, S)
    weights: Tensor  # (B, S), float
    frozen: int = 0
    """Columns in front that hold the context and are computed without a gradient."""
    kind: str = "adapt"

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def tokens(self) -> int:
        """Tokens that are not padding."""
        return int((self.segments != PADDING).sum())

    def part(self, rows: slice, device: torch.device) -> AdaptBatch:
        """Some rows, on ``device``."""
        ids, positions, segments, targets, weights = (
            tensor[rows].to(device)
            for tensor in (
                self.input_ids,
                self.position_ids,
                self.segments,
                self.targets,
                self.weights,
            )
        )
        return AdaptBatch(ids, positions, segments, targets, weights, self.frozen, self.kind)
