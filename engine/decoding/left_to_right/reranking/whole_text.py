"""How probable the text around a span is with each of several answers in it: log p(answer, what
stands behind | what stands before), read from left to right.

A model that reads causally weighs an answer by what it makes of the text behind it, without having
been trained to look ahead: Bayes' rule, as in noisy-channel ranking (arXiv 1908.05731).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.lanes import Lane, keep_lanes, lanes_pass, split_lanes

CLOSE = 4.0
"""Nats: an answer that is so much worse after the first pass is not the best one."""


@dataclass(frozen=True)
class WholeText:
    """An answer and what stands behind it."""

    ids: Sequence[int]
    prior: float = 0.0
    """Nats on top of what the model says."""


def read_whole(
    reader: Reader, texts: Sequence[WholeText], later: int, allowed: Bools
) -> Generator[Batch, Predictions, list[float]]:
    """The log-probability of each of ``texts`` with its prior.

    The first pass reads all but their last ``later`` tokens, the second one those of the texts that
    are still close to the best; the others keep their distance. The last token of what was read
    waits in ``reader``.
    """
    reader = reader.copy()
    sizes = [max(1, len(text.ids) - later) for text in texts]
    lanes = [
        Lane(text.ids[: size - 1], range(size), text.ids[:size], number)
        for number, (text, size) in enumerate(zip(texts, sizes, strict=True), 1)
    ]
    batch = lanes_pass(reader, lanes, allowed, keep=bool(later))
    predictions = yield batch
    scores = [
        text.prior + float(np.sum(answer.targets, dtype=np.float64))
        for text, answer in zip(texts, split_lanes(lanes, predictions), strict=True)
    ]
    best = max(scores)
    open_ones = [i for i, score in enumerate(scores) if score > best - CLOSE]
    if len(open_ones) == 1 or all(sizes[i] == len(texts[i].ids) for i in open_ones):
        return scores
    keep_lanes(reader, batch, predictions)
    lanes = [
        Lane(ids[:-1], range(size, len(ids)), ids[size:], i + 1, size - 1)
        for i in open_ones
        for ids, size in ((texts[i].ids, sizes[i]),)
    ]
    predictions = yield lanes_pass(reader, lanes, allowed)
    for i, answer in zip(open_ones, split_lanes(lanes, predictions), strict=True):
        scores[i] += float(np.sum(answer.targets, dtype=np.float64))
    moved = max(scores[i] for i in open_ones) - best
    return [score if i in open_ones else score + moved for i, score in enumerate(scores)]
