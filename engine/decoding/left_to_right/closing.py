"""Answers that have to end with a half word which stands behind their span.

The half word was taken back, as it is for masks, because what would be left of it is not a token of
natural text. Writing from the left does not see it, so every pass also asks which token would end
the answer with it at once. The likeliest of these answers are then read whole, each with its
end, and the likeliest stays.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.written import Written

READ = 3
"""Answers that are read whole: one pass each."""


@dataclass(frozen=True)
class Closed:
    """An answer that ends as it has to."""

    tokens: tuple[int, ...]
    log_prob: float
    """Of its tokens, the end not counted."""


def best_of(
    closed: Sequence[Closed],
    own: Written,
    allowed: Callable[[list[int]], Bools],
    end: int,
    reader: Reader,
) -> Generator[Batch, Predictions, Written]:
    """The likeliest of ``closed`` and of what the model wrote by itself, which is left aside where
    it came to no end; ``reader`` stands before the answer."""
    best, highest = own, own.log_likelihood
    for answer in sorted(closed, key=lambda closed: -closed.log_prob)[:READ]:
        # An end is never certain, so what is not likelier without it cannot become so.
        tokens = [*answer.tokens]
        rows = [allowed(tokens[:i]) for i in range(len(tokens) + 1)]
        if answer.log_prob <= highest or tokens == own.tokens:
            continue
        for row in rows[1:]:
            row[end] = True
        batch = reader.ask([*enumerate(rows)], tokens, [*tokens, end])
        found = (yield batch).target_log_probs[0].astype(np.float64)
        read = Written(tokens, found[:-1].tolist(), float(found[-1]))
        if read.log_likelihood > highest:
            best, highest = read, read.log_likelihood
    return best
