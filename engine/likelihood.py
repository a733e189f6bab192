"""LLaDA's Monte-Carlo estimate of a conditional log-likelihood (paper eq. 6, ``get_log_likelihood.py``).

Draw l from 1..L, mask exactly l answer tokens, weigh their log-probabilities by L / l; the mean over samples bounds
log p(answer | prompt) from below. Exact counts need far fewer samples than independent masking.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from engine.backends import Batch, Bools, Ints, Predictions
from engine.config import ModelConfig
from engine.errors import RequestRejected

Estimating = Generator[Batch, Predictions, float]


def log_likelihood(
    config: ModelConfig, prompt: tuple[int, ...], answer: tuple[int, ...], samples: int, seed: int, rows: int = 8
) -> Estimating:
    """Nats; ``samples`` masked copies in batches of ``rows``. An empty prompt gives the bound on the text itself."""
    length = len(answer)
    if not length:
        raise RequestRejected("There is no answer to judge; give at least one token.")
    if len(prompt) + length > config.max_sequence_length:
        raise RequestRejected(
            f"Prompt and answer are {len(prompt) + length} tokens, the model allows {config.max_sequence_length}."
        )
    rng = np.random.default_rng(seed)
    ids = np.array([*prompt, *answer], np.int64)
    places = np.arange(len(prompt), len(ids))
    estimates = []
    for _ in range(max(1, samples // rows)):
        masked, ratio = mask_copies(length, rows, rng)
        noisy = np.tile(ids, (rows, 1))
        noisy[:, places] = np.where(masked, config.mask_token_id, ids[places])
        predictions = yield Batch(
            input_ids=noisy,
            position_ids=np.tile(np.arange(len(ids)), (rows, 1)),
            query_index=np.tile(places, (rows, 1)),
            allowed=np.ones((1, config.embedding_rows), bool),
            allowed_row=np.zeros((rows, length), np.int64),
            target_ids=np.tile(ids[places], (rows, 1)),
        )
        estimates.append(estimate(predictions.target_log_probs, masked, ratio))
    return float(np.mean(estimates))


def mask_copies(length: int, rows: int, rng: np.random.Generator) -> tuple[Bools, NDArray[np.float64]]:
    """(B, L) masks with exact counts, and their ratios (B,).

    The counts are spread evenly over 1..L from a random start, as in the reference, so one batch covers all of them.
    """
    first = int(rng.integers(1, length + 1))
    spread = np.rint(np.linspace(first, first + (rows - 1) * length / rows, rows)).astype(np.int64)
    counts: Ints = (spread - 1) % length + 1
    order = rng.random((rows, length)).argsort(axis=1).argsort(axis=1)
    return order < counts[:, None], counts / length


def estimate(log_probs: NDArray[np.floating], masked: Bools, ratio: NDArray[np.floating]) -> float:
    """Mean over rows of the masked log-probabilities (B, L) over the row's ratio (B,)."""
    return float((np.where(masked, log_probs, 0.0).sum(axis=1) / ratio).mean())
