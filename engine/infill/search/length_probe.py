"""How long is a span, for a model without control tokens? One batched probe over candidate lengths.

After one pass over L masks the mean probability of the best tokens says how well L fits, once it is
divided by what any L gets (CAL, arXiv 2602.00476). The local hill climb of CAL stays near its
start, so here all lengths are looked at together.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from engine.backends.collation import collate, split
from engine.backends.interface import Batch, Predictions
from engine.decoding.caching.cache_plan import FullPass
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.length_control import Lengths
from engine.decoding.sampler import masked_pass
from engine.network.calibration import PROBED_LENGTHS, Calibration

DECODED = 3
"""Lengths that are decoded and compared."""


def candidate_lengths(least: int, most: int) -> list[int]:
    """The probed lengths between the bounds, the bounds among them."""
    return sorted({least, most, *(n for n in PROBED_LENGTHS if least < n < most)})


def certainty(predictions: Predictions) -> float:
    """Mean probability of the best token over all queried places (CAL's Phi)."""
    return float(np.exp(predictions.log_probs[0, :, 0]).mean())


def probe_lengths(
    canvases: dict[int, Canvas],
    group: int,
    table: ConstraintTable,
    lengths: Lengths,
    calibration: Calibration,
) -> Generator[Batch, Predictions, list[int]]:
    """The likeliest of the lengths of ``canvases`` (length -> canvas with so many masks in
    ``group``), the best first."""
    batches = []
    for canvas in canvases.values():
        batch = masked_pass(canvas, FullPass().view(canvas), canvas.places(group), table, lengths)
        batch.target_ids = None
        batches.append(batch)
    found = split((yield collate(batches)), batches)
    parts = [
        Predictions(
            p.token_ids, p.log_probs[:, : b.query_index.shape[1]], p.target_log_probs, p.entropy
        )
        for p, b in zip(found, batches, strict=True)
    ]
    scores = {
        n: certainty(part) / calibration.bias(n) for n, part in zip(canvases, parts, strict=True)
    }
    return sorted(scores, key=lambda n: -scores[n])
