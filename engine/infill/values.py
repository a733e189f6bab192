"""What passes between stages, from planning to ranking: a plan, its denoised canvas, and the answer
that is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.base.orders import Order
from engine.decoding.canvas import Canvas
from engine.infill.search.pins import Arrangement
from engine.infill.window import Prompt
from engine.request.messages import Span


@dataclass(frozen=True)
class Chosen:
    """The one of several given strings that a span becomes."""

    tokens: tuple[int, ...]
    share: float
    """Its probability among the choices."""

    @property
    def arrangement(self) -> Arrangement:
        """All of the span, as if it were a pin."""
        return Arrangement(((0, self.tokens),), 0.0)


@dataclass(frozen=True)
class Plan:
    """What was decided before anything is denoised."""

    prompt: Prompt
    spans: tuple[Span, ...]
    """Those with choices ask for what was chosen."""
    sizes: tuple[Mapping[int, int], ...]
    """Places of spans whose length was probed, the likeliest lengths first; each is tried greedily.
    """
    arrangements: Mapping[int, list[Arrangement]]
    """Span -> where its pins may stand, the best first."""
    chosen: Mapping[int, Chosen]

    @property
    def greedy_answers(self) -> int:
        """How many answers are greedy: one for each length that is tried."""
        return len(self.sizes)


@dataclass(frozen=True)
class Denoised:
    """A canvas without masks, and the plan that it carries out."""

    plan: Plan
    canvas: Canvas
    likelihoods: tuple[float, ...] = ()
    """Of the spans, where they were written from the left: the model's own probability of just this
    answer. Masks have none; the mean certainty of their tokens stands in for it."""


@dataclass(frozen=True)
class Answer:
    """Text, confidence and number of tokens of every span."""

    texts: list[str]
    confidences: list[float]
    sizes: list[int]
    order: Order
    """How it was written."""
    new_errors: int = 0
    """Syntax errors that the document has only with this answer."""
    judged: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Span -> copies that the model compared with its own answers, with its confidence in them."""

    @property
    def confidence(self) -> float:
        """Of all spans together."""
        return float(np.prod(self.confidences))
