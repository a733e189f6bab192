"""From predictions to one token and its confidence per queried place: argmax, Gumbel sampling,
guidance.

Shapes: M masked places, K candidates, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Predictions
from engine.base.arrays import Floats, Ints


@dataclass
class Choice:
    tokens: Ints  # (M,)
    log_probs: NDArray[np.float64]  # (M,) of the chosen tokens, without noise and temperature


def choose(
    predictions: Predictions,
    temperature: float,
    rng: np.random.Generator,
    banned: tuple[int, ...] = (),
) -> Choice:
    """The best candidate of each place, or at a temperature one drawn from the candidates
    (Gumbel-max, float64).

    ``banned`` ids are not chosen: when time is up only text helps.
    """
    log_probs = predictions.log_probs[0].astype(np.float64)  # (M, K)
    if banned:
        log_probs = np.where(np.isin(predictions.token_ids[0], banned), -np.inf, log_probs)
    noisy = log_probs + temperature * _gumbel(log_probs.shape, rng) if temperature else log_probs
    best = np.argmax(noisy, axis=1)[:, None]
    return Choice(
        np.take_along_axis(predictions.token_ids[0], best, axis=1)[:, 0],
        np.take_along_axis(log_probs, best, axis=1)[:, 0],
    )


def choose_from_logits(logits: Floats, temperature: float, rng: np.random.Generator) -> Choice:
    """The same over a full distribution (M, V), as LLaDA samples; fp32 Gumbel noise would hurt
    quality (2409.02908)."""
    wide = logits.astype(np.float64)
    noisy = wide + temperature * _gumbel(wide.shape, rng) if temperature else wide
    tokens = np.argmax(noisy, axis=1)
    return Choice(tokens, log_prob_of(wide, tokens))


def log_prob_of(logits: NDArray[np.floating], tokens: Ints) -> NDArray[np.float64]:
    """Log-probabilities (..., M) of ``tokens`` (M,) under logits (..., M, V), in float64."""
    wide = logits.astype(np.float64)
    peak = wide.max(axis=-1, keepdims=True)
    normaliser = peak[..., 0] + np.log(np.exp(wide - peak).sum(axis=-1))
    chosen = np.broadcast_to(tokens[..., None], (*wide.shape[:-1], 1))
    found: NDArray[np.float64] = np.take_along_axis(wide, chosen, axis=-1)[..., 0] - normaliser
    return found


def guided(conditional: Floats, unconditional: Floats, scale: float) -> Floats:
    """Unsupervised classifier-free guidance (LLaDA, appendix A.2): un + (scale + 1) (cond - un)."""
    # A forbidden token is minus infinity in both and stays forbidden.
    forbidden = np.isneginf(conditional)
    base, other = np.where(forbidden, 0.0, unconditional), np.where(forbidden, 0.0, conditional)
    found: Floats = np.where(forbidden, -np.inf, base + (scale + 1.0) * (other - base)).astype(
        np.float32
    )
    return found


def _gumbel(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    return -np.log(-np.log(rng.random(shape)))
