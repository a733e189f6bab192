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
from engine.base.deadline import Deadline
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.lanes import (
    Lane,
    LaneAnswers,
    keep_lanes,
    lanes_pass,
    split_lanes,
)

CLOSE = 4.0
"""Nats: an answer that is so much worse after the first pass is not the best one."""


@dataclass(frozen=True)
class WholeText:
    """An answer and what stands behind it."""

    ids: Sequence[int]
    prior: float = 0.0
    """Nats on top of what the model says."""


@dataclass(frozen=True)
class Reading:
    """What the model makes of a whole text."""

    score: float
    """Its log-probability with its prior."""
    per_token: float
    """Mean log-probability of the tokens that the first pass read."""


def read_whole(
    reader: Reader,
    texts: Sequence[WholeText],
    later: int,
    allowed: Bools,
    deadline: Deadline | None = None,
) -> Generator[Batch, Predictions, list[Reading]]:
    """A reading of each of ``texts``.

    The first pass reads all but their last ``later`` tokens, the second one those of the texts that
    are still close to the best, if the ``deadline`` leaves time for it; the others keep their
    distance. The last token of what was read waits in ``reader``.
    """
    reader = reader.copy()
    sizes = [max(1, len(text.ids) - later) for text in texts]
    lanes = [
        Lane(text.ids[: size - 1], range(size), text.ids[:size], number)
        for number, (text, size) in enumerate(zip(texts, sizes, strict=True), 1)
    ]
    batch = lanes_pass(reader, lanes, allowed, keep=bool(later))
    predictions = yield batch
    first = split_lanes(lanes, predictions)
    per_token = [float(np.mean(answer.targets, dtype=np.float64)) for answer in first]
    scores = [text.prior + _sum(answer) for text, answer in zip(texts, first, strict=True)]
    best = max(scores)
    close = [i for i, score in enumerate(scores) if score > best - CLOSE]
    more = len(close) > 1 and any(sizes[i] < len(texts[i].ids) for i in close)
    if more and not (deadline is not None and deadline.expired()):
        keep_lanes(reader, batch, predictions)
        lanes = [lanes[i].continued(texts[i].ids) for i in close]
        predictions = yield lanes_pass(reader, lanes, allowed)
        for i, answer in zip(close, split_lanes(lanes, predictions), strict=True):
            scores[i] += _sum(answer)
        moved = max(scores[i] for i in close) - best
        scores = [score if i in close else score + moved for i, score in enumerate(scores)]
    return [Reading(*pair) for pair in zip(scores, per_token, strict=True)]


def _sum(answer: LaneAnswers) -> float:
    return float(np.sum(answer.targets, dtype=np.float64))
