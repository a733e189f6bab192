"""The evidence lower bound of a corpus: LLaDA's Monte-Carlo estimate on windows of documents (paper
eq. 4 and 6)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks.bounds import clustered_bounds
from engine import Engine
from engine.llada.likelihood import LikelihoodRequest


def corpus_bound(
    engine: Engine,
    documents: list[str],
    window: int,
    samples: int,
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> dict[str, float | int]:
    """Nats a token and bits a byte with 95 % bounds, from a bootstrap over documents; ``done`` is
    called for each.

    Documents are cut into windows of ``window`` tokens, each judged without the others.
    """
    nats, tokens, size = [], [], []
    for number, text in enumerate(documents):
        ids = engine.tokenizer.encode(text)
        parts = [tuple(ids[at : at + window]) for at in range(0, len(ids), window)]
        jobs = [
            engine.submit_log_likelihood(
                LikelihoodRequest(
                    prompt_ids=(), answer_ids=part, samples=samples, seed=seed + 7919 * number + i
                )
            )
            for i, part in enumerate(parts)
        ]
        nats.append(-sum(job.future.result() for job in jobs))
        tokens.append(len(ids))
        size.append(len(text.encode()))
        done()
    report: dict[str, float | int] = {"documents": len(documents), "tokens": sum(tokens)}
    bits = [value / math.log(2) for value in nats]
    for name, values, weights in (("nats_a_token", nats, tokens), ("bits_a_byte", bits, size)):
        low, high = clustered_bounds(
            np.array(values), np.arange(len(documents)), np.array(weights), seed
        )
        report |= {
            name: round(sum(values) / sum(weights), 4),
            f"{name}_low": round(low, 4),
            f"{name}_high": round(high, 4),
        }
    return report
