"""Write a span one token at a time from the left: the autoregressive reading of weights whose
context is causal.

Every step computes one token over cached keys: those of the context, of the anchor and of what was
written so far. It is the peer that masks are compared with, and the better way for a single span as
long as a model's masks are weaker (arXiv 2511.08923 checks drafts of masks by this reading).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np

from engine.backends.interface import Batch, Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.base.deadline import Deadline
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.token_sampling import choose
from engine.network.graph_io import READING
from engine.network.model_config import ModelConfig


@dataclass
class Written:
    """A span from its beginning."""

    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    ended: bool = False
    """Whether the model said that the span ends here."""


@dataclass(frozen=True)
class WritingRules:
    """How a span is written."""

    allowed: Callable[[list[int]], Bools]
    """The tokens so far -> (V,) what may follow, the end of the span among them."""
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    deadline: Deadline = field(default_factory=Deadline)
    on_token: Callable[[Written], None] = field(default=lambda written: None)


def write_one_at_a_time(
    canvas: Canvas, group: int, plan: CausalContext, config: ModelConfig, rules: WritingRules
) -> Generator[Batch, Predictions, Written]:
    """The tokens of a span up to its end and their log-probabilities; the context has to be
    encoded."""
    context, cached, stretches = _given(canvas, plan)
    place = int(canvas.places(group)[0])
    token, position = int(canvas.ids[place - 1]), int(canvas.positions[place]) - 1
    written, rng = Written(), np.random.default_rng(rules.seed)
    while len(written.tokens) < rules.max_tokens and not rules.deadline.expired():
        predictions = yield Batch(
            input_ids=np.array([[token]]),
            position_ids=np.array([[position]]),
            query_index=np.zeros((1, 1), np.int64),
            allowed=rules.allowed(written.tokens)[None],
            allowed_row=np.zeros((1, 1), np.int64),
            context=context,
            context_position_ids=None if context is None else cached[None],
            stretch=np.append(stretches, READING)[None],
            keep=np.zeros(1, np.int64),
        )
        context = predictions.context
        cached, stretches = np.append(cached, position), np.append(stretches, READING)
        choice = choose(predictions, rules.temperature, rng)
        token, position = int(choice.tokens[0]), position + 1
        if token == config.span_end_token_id:
            written.ended = True
            break
        written.tokens.append(token)
        written.log_probs.append(float(choice.log_probs[0]))
        rules.on_token(written)
    return written


def _given(canvas: Canvas, plan: CausalContext) -> tuple[Context | None, Ints, Ints]:
    """The cached context, its positions and stretches."""
    view = plan.view(canvas)
    if view.context is None or view.cached is None:
        return None, np.empty(0, np.int64), np.empty(0, np.int64)
    return view.context, canvas.positions[view.cached], canvas.stretches[view.cached]
