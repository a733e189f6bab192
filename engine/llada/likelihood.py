"""LLaDA's Monte-Carlo estimate of a conditional log-likelihood (paper eq. 6,
``get_log_likelihood.py``).

Draw l from 1..L, mask exactly l answer tokens, weigh their log-probabilities by L / l; the mean
over samples bounds log p(answer | prompt) from below. Exact counts need far fewer samples than
independent masking.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools, Ints
from engine.base.errors import RequestRejected
from engine.base.structs import Config
from engine.decoding.constraints import check_ids, everything
from engine.decoding.token_sampling import guided, log_prob_of
from engine.network.model_config import ModelConfig

Estimating = Generator[Batch, Predictions, float]


class LikelihoodRequest(Config, kw_only=True, frozen=True):
    """log p(answer | prompt, suffix); an empty prompt and suffix ask for the text itself."""

    prompt_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]
    suffix_ids: tuple[int, ...] = ()
    """What stands after the answer; LLaDA's own estimate has none."""
    samples: int = 128
    """Masked copies; LLaDA uses 128, and 1 where answers are single tokens."""
    rows: int = 8
    """Copies of one pass, whose mask counts are spread over 1..L."""
    cfg_scale: float = 0.0
    """Unsupervised guidance, as in LLaDA's tables (needs full distributions, hence torch)."""
    seed: int = 0


def log_likelihood(config: ModelConfig, request: LikelihoodRequest) -> Estimating:
    """The estimate in nats, a lower bound in expectation."""
    _check(config, request)
    rng = np.random.default_rng(request.seed)
    rows = min(request.rows, request.samples)
    ids = np.array([*request.prompt_ids, *request.answer_ids, *request.suffix_ids], np.int64)
    answer = len(request.prompt_ids) + np.arange(len(request.answer_ids))
    guided_rows = rows if request.cfg_scale else 0
    estimates = []
    for _ in range(max(1, request.samples // rows)):
        masked, ratio = mask_copies(len(answer), rows, rng)
        noisy = np.tile(ids, (rows, 1))
        noisy[:, answer] = np.where(masked, config.mask_token_id, ids[answer])
        unconditional = noisy[:guided_rows].copy()
        unconditional[:, : answer[0]] = unconditional[:, answer[-1] + 1 :] = config.mask_token_id
        noisy = np.concatenate((noisy, unconditional))
        predictions = yield Batch(
            input_ids=noisy,
            position_ids=np.tile(np.arange(len(ids)), (len(noisy), 1)),
            query_index=np.tile(answer, (len(noisy), 1)),
            allowed=everything(config.embedding_rows),
            allowed_row=np.zeros((len(noisy), len(answer)), np.int64),
            target_ids=np.tile(ids[answer], (len(noisy), 1)),
            full=guided_rows > 0,
        )
        log_probs: NDArray[np.floating] = predictions.target_log_probs
        if predictions.logits is not None:
            logits = guided(predictions.logits[:rows], predictions.logits[rows:], request.cfg_scale)
            log_probs = log_prob_of(logits, ids[answer])
        estimates.append(estimate(log_probs, masked, ratio))
    return float(np.mean(estimates))


def _check(config: ModelConfig, request: LikelihoodRequest) -> None:
    if config.context_attention == "causal":
        raise RequestRejected(
            "This model reads an answer exactly; LLaDA's estimate and guidance are for models that "
            "attend to everything."
        )
    if not request.answer_ids:
        raise RequestRejected("There is no answer to judge; give at least one token.")
    if request.samples < 1 or request.rows < 1:
        raise RequestRejected(
            f"samples {request.samples} and rows {request.rows} must be at least 1."
        )
    check_ids(config, (*request.prompt_ids, *request.answer_ids, *request.suffix_ids))


def mask_copies(
    length: int, rows: int, rng: np.random.Generator
) -> tuple[Bools, NDArray[np.float64]]:
    """(B, L) masks with exact counts, and their ratios (B,).

    The counts are spread evenly over 1..L from a random start, as in the reference, so one batch
    covers all of them.
    """
    first = int(rng.integers(1, length + 1))
    spread = np.rint(np.linspace(first, first + (rows - 1) * length / rows, rows)).astype(np.int64)
    counts: Ints = (spread - 1) % length + 1
    order = rng.random((rows, length)).argsort(axis=1).argsort(axis=1)
    return order < counts[:, None], counts / length


def estimate(log_probs: NDArray[np.floating], masked: Bools, ratio: NDArray[np.floating]) -> float:
    """Mean over rows of the masked log-probabilities (B, L) over the row's ratio (B,)."""
    return float((np.where(masked, log_probs, 0.0).sum(axis=1) / ratio).mean())
