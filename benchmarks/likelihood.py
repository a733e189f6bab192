"""The evidence lower bound of a corpus: LLaDA's Monte-Carlo estimate on windows of documents (paper eq. 4 and 6)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine import Engine
from engine.likelihood import LikelihoodRequest

BOOTSTRAPS = 2_000


def corpus_bound(
    engine: Engine, documents: list[str], window: int, samples: int, seed: int, done: Callable[[], None] = lambda: None
) -> dict[str, float | int]:
    """Nats a token and bits a byte with 95 % bounds, from a bootstrap over documents; ``done`` is called for each.

    Documents are cut into windows of ``window`` tokens, each judged without the others.
    """
    assert engine.tokenizer is not None
    nats, tokens, size = [], [], []
    for number, text in enumerate(documents):
        ids = engine.tokenizer.encode(text)
        parts = [tuple(ids[at : at + window]) for at in range(0, len(ids), window)]
        jobs = [
            engine.submit_log_likelihood(
                LikelihoodRequest(prompt_ids=(), answer_ids=part, samples=samples, seed=seed + 7919 * number + i)
            )
            for i, part in enumerate(parts)
        ]
        nats.append(-sum(job.future.result() for job in jobs))
        tokens.append(len(ids))
        size.append(len(text.encode()))
        done()
    sums = np.array([nats, tokens, size], float)
    drawn = np.random.default_rng(seed).integers(0, len(documents), (BOOTSTRAPS, len(documents)))
    totals = sums[:, drawn].sum(axis=2)
    a_token, a_byte = totals[0] / totals[1], totals[0] / totals[2] / math.log(2)
    return {
        "documents": len(documents),
        "tokens": int(sums[1].sum()),
        "nats_a_token": round(float(sums[0].sum() / sums[1].sum()), 4),
        "nats_a_token_low": round(float(np.quantile(a_token, 0.025)), 4),
        "nats_a_token_high": round(float(np.quantile(a_token, 0.975)), 4),
        "bits_a_byte": round(float(sums[0].sum() / sums[2].sum() / math.log(2)), 4),
        "bits_a_byte_low": round(float(np.quantile(a_byte, 0.025)), 4),
        "bits_a_byte_high": round(float(np.quantile(a_byte, 0.975)), 4),
    }
