"""The pass over an infilling batch, for training and validation alike: exactly what the engine's
context cache does."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from training.examples.batches import InfillBatch


def span_rows(encode: Any, b: InfillBatch) -> Tensor:
    """Normed rows (B, N, E) of the span slots; ``encode`` is that of a ``MaskPredictor``, compiled
    or not."""
    if b.hidden:
        # The context stands as if the spans were not there; the spans see it at its places on the
        # canvas.
        _, past = encode(b.context_ids, key_mask=b.context_mask)
        both = torch.cat((b.context_mask, b.span_mask), dim=1)
        rows: Tensor = encode(b.span_ids, b.span_positions, past, b.context_positions, both)[0]
        return rows
    ids = torch.cat((b.context_ids, b.span_ids), dim=1)
    positions = torch.cat((b.context_positions, b.span_positions), dim=1)
    rows = encode(ids, positions, key_mask=torch.cat((b.context_mask, b.span_mask), dim=1))[0]
    return rows[:, b.context_ids.shape[1] :]
