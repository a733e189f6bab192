"""Write a span one token at a time from the left: the autoregressive reading of weights whose
context is causal.

Every step computes one token over cached keys: those of the context, of the anchor and of what was
written so far. It is the peer that masks are compared with, and the better way for a single span as
long as a model's masks are weaker (arXiv 2511.08923 checks drafts of masks by this reading).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from engine.backends.interface import Batch, Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.network.graph_io import READING
from engine.network.model_config import ModelConfig

Writing = Generator[Batch, Predictions, tuple[list[int], list[float]]]


def write_one_at_a_time(
    canvas: Canvas,
    group: int,
    plan: CausalContext,
    config: ModelConfig,
    allowed: Callable[[list[int]], Bools],
    max_tokens: int,
    expired: Callable[[], bool] = lambda: False,
) -> Writing:
    """The most probable tokens of a span up to its end, and their log-probabilities; the context
    has to be encoded.

    ``allowed`` says (V,) what may follow the tokens so far, the end of the span
    (``span_end_token_id``) among them.
    """
    context, cached, stretches = _given(canvas, plan)
    place = int(canvas.places(group)[0])
    token, position = int(canvas.ids[place - 1]), int(canvas.positions[place]) - 1
    tokens, log_probs = list[int](), list[float]()
    while len(tokens) < max_tokens and not expired():
        predictions = yield Batch(
            input_ids=np.array([[token]]),
            position_ids=np.array([[position]]),
            query_index=np.zeros((1, 1), np.int64),
            allowed=allowed(tokens)[None],
            allowed_row=np.zeros((1, 1), np.int64),
            context=context,
            context_position_ids=None if context is None else cached[None],
            stretch=np.append(stretches, READING)[None],
            keep=np.zeros(1, np.int64),
        )
        context = predictions.context
        cached, stretches = np.append(cached, position), np.append(stretches, READING)
        token, position = int(predictions.token_ids[0, 0, 0]), position + 1
        if token == config.span_end_token_id:
            break
        tokens.append(token)
        log_probs.append(float(predictions.log_probs[0, 0, 0]))
    return tokens, log_probs


def _given(canvas: Canvas, plan: CausalContext) -> tuple[Context | None, Ints, Ints]:
    """The cached context, its positions and stretches."""
    view = plan.view(canvas)
    if view.context is None or view.cached is None:
        return None, np.empty(0, np.int64), np.empty(0, np.int64)
    return view.context, canvas.positions[view.cached], canvas.stretches[view.cached]
