"""An answer that is written from the left, with its exact probability."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Written:
    """What became of a span."""

    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    """Of the tokens that were written; none where they were given."""
    end_log_prob: float | None = None
    """Of the end of the span, where the model came to it."""

    @property
    def log_likelihood(self) -> float:
        """Of just this answer; minus infinity where it was cut off at a limit."""
        return -math.inf if self.end_log_prob is None else sum(self.log_probs) + self.end_log_prob

    @property
    def likelihood(self) -> float:
        """The model's probability of just this answer."""
        return math.exp(self.log_likelihood)
