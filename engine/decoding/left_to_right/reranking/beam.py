"""A beam, and what beams are searched for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.base.arrays import Bools
from engine.base.deadline import Deadline

WIDTH = 3
MARGIN = 0.5
"""Nats: no beam is followed that is so much less likely than the best answer so far. With 3 nats
and four beams there were three steps more and no more exact answers (training/LOG.md)."""


@dataclass(frozen=True)
class Beam:
    """The beginning of an answer, or one."""

    tokens: tuple[int, ...]
    log_prob: float
    follows: float = float("-inf")
    """Log-probability that the first token of what stands behind comes next."""

    @property
    def as_answer(self) -> float:
        """How likely it is to be written and to end here."""
        return self.log_prob + self.follows


@dataclass(frozen=True)
class BeamRules:
    """What is searched for."""

    first: Bools  # (V,) what an answer may begin with
    text: Bools  # (V,) all text
    inside: Bools  # (V,) what an answer goes on behind; other text ends it
    behind: int
    """The first token of what stands behind the span."""
    arrived: Callable[[Beam], bool]
    """Whether a beam goes on with what stands behind already: then it ended somewhere before."""
    max_tokens: int
    width: int = WIDTH
    margin: float = MARGIN
    deadline: Deadline = field(default_factory=Deadline)
    on_step: Callable[[Beam], None] = field(default=lambda beam: None)
