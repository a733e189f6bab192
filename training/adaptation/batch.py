"""A step's rows as tensors, with weights that make the sum of their losses the objective.

Shapes: B rows, S tokens of a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from training.adaptation.rows import Row
from training.examples.adapt_batch import AdaptBatch
from training.examples.loss import mean_weights


def collate(rows: Sequence[Row], length: int, autoregressive: float) -> AdaptBatch:
    """Pad to ``length``. The objective is the mean over masked labels + ``autoregressive`` x the
    mean over causal ones."""
    masked = mean_weights(_padded([row.masked for row in rows], length, float))
    causal = mean_weights(_padded([row.causal for row in rows], length, float))
    # A row of a place holds one label, of one of the two kinds.
    return AdaptBatch(
        input_ids=_padded([row.ids for row in rows], length, int),
        position_ids=_padded([row.positions for row in rows], length, int),
        segments=_padded([row.segments for row in rows], length, int),
        targets=_padded([row.targets for row in rows], length, int),
        weights=masked + autoregressive * causal,
    )


def _padded(rows: Sequence[Sequence[float]], length: int, kind: type) -> Tensor:
    out = np.zeros((len(rows), length), np.int64 if kind is int else np.float32)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)
