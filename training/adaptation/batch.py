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


def collate(
    rows: Sequence[Row],
    length: int,
    autoregressive: float,
    frozen: int = 0,
    narrow: bool = False,
) -> AdaptBatch:
    """Pad to ``length``. The objective is the mean over masked labels + ``autoregressive`` x the
    mean over causal ones.

    With ``frozen`` the contexts are padded to so many columns and all views begin behind them, so
    that the two can be computed apart. With ``narrow`` rows of like length stand together, and
    every part of the batch is only as wide as it must be.
    """
    if narrow:
        rows = sorted(rows, key=lambda row: row.views)
    heads = [sum(segment > 0 for segment in row.segments) for row in rows]
    if frozen and max(heads) > frozen:
        raise ValueError(f"A context of {max(heads)} tokens does not fit {frozen} columns.")
    gaps = [(head, frozen - head if frozen else 0) for head in heads]

    def padded(values: Sequence[Sequence[float]], kind: type) -> Tensor:
        return torch.from_numpy(_padded(values, gaps, length, kind))

    masked = mean_weights(padded([row.masked for row in rows], float))
    causal = mean_weights(padded([row.causal for row in rows], float))
    # A row of a place holds one label, of one of the two kinds.
    return AdaptBatch(
        input_ids=padded([row.ids for row in rows], int),
        position_ids=padded([row.positions for row in rows], int),
        segments=padded([row.segments for row in rows], int),
        targets=padded([row.targets for row in rows], int),
        weights=masked + autoregressive * causal,
        frozen=frozen,
        narrow=narrow,
    )


def _padded(
    rows: Sequence[Sequence[float]], gaps: Sequence[tuple[int, int]], length: int, kind: type
) -> np.ndarray:
    """Rows of ``length``; in each, zeros are put in after its first values: ``gaps`` has the two
    numbers."""
    out = np.zeros((len(rows), length), np.int64 if kind is int else np.float32)
    for i, (row, (head, gap)) in enumerate(zip(rows, gaps, strict=True)):
        out[i, :head] = row[:head]
        out[i, head + gap : len(row) + gap] = row[head:]
    return out
