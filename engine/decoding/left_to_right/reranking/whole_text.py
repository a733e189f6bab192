"""How probable the text around a span is with each of several answers in it: log p(answer, what
stands behind | what stands before), read from left to right.

A model that reads causally weighs an answer by what it makes of the text behind it, without having
been trained to look ahead: Bayes' rule, as in noisy-channel ranking (arXiv 1908.05731).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.lanes import Lane, lanes_pass, split_lanes


def read_whole(
    reader: Reader, texts: Sequence[Sequence[int]], allowed: Bools
) -> Generator[Batch, Predictions, list[float]]:
    """Log-probability of each of ``texts``, tokens of an answer and of what stands behind it.

    One pass; the last token of what was read waits in ``reader``.
    """
    lanes = [Lane(ids[:-1], range(len(ids)), ids) for ids in texts]
    answers = split_lanes(lanes, (yield lanes_pass(reader, lanes, allowed)))
    return [float(np.sum(answer.targets, dtype=np.float64)) for answer in answers]
