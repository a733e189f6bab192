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
    narrow: bool = False
    """A part of the batch is only as wide as its longest row. Graphs that are compiled for one
    shape want all parts equally wide."""

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def tokens(self) -> int:
        """Tokens that are not padding."""
        return int((self.segments != PADDING).sum())

    def part(self, rows: slice, device: torch.device) -> AdaptBatch:
        """Some rows, on ``device``."""
        columns: Tensor | slice = slice(None)
        frozen = self.frozen
        if self.narrow:
            used = (self.segments[rows] != PADDING).any(0)
            # The context is narrowed apart from the views behind it; one column of each is kept.
            kept = _up_to_last(used[:frozen]), _up_to_last(used[frozen:])
            columns, frozen = torch.cat((kept[0], frozen + kept[1])), len(kept[0])
        ids, positions, segments, targets, weights = (
            tensor[rows][:, columns].to(device)
            for tensor in (
                self.input_ids,
                self.position_ids,
                self.segments,
                self.targets,
                self.weights,
            )
        )
        return AdaptBatch(ids, positions, segments, targets, weights, frozen, self.kind)


def _up_to_last(used: Tensor) -> Tensor:
    """The numbers of the columns up to the last one that is used."""
    return torch.arange(int(used.nonzero().max()) + 1 if used.any() else min(1, len(used)))
