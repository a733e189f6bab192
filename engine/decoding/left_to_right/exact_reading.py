"""The exact likelihood of a finished answer, where the context is causal: one pass that reads it
from left to right.

The weights that fill a canvas in both directions also read an answer causally over the same cached
context, as their autoregressive parent read text. That gives log p(answer, end | everything around
it) without any bound: the product over its tokens, and over the end behind the last one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Ints
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import everything
from engine.network.graph_io import READING
from engine.network.model_config import ModelConfig


def reading_pass(
    canvas: Canvas, plan: CausalContext, config: ModelConfig, groups: Sequence[int] | None = None
) -> Batch:
    """Ask for every token of the spans ``groups`` (default: all) and for the end of each; later
    spans are read behind the earlier ones, and those that are left out are not seen.

    The context has to be encoded. Answers come back in the order of ``split_reading``.
    """
    assert config.span_end_token_id is not None
    positions = canvas.positions
    ids, at, targets, queries = list[int](), list[int](), list[int](), list[int]()
    for group in spans_of(canvas) if groups is None else groups:
        places = canvas.places(group)
        first = len(ids)
        ids += [
            int(canvas.ids[places[0] - 1]),
            *canvas.ids[places].tolist(),
            config.span_end_token_id,
        ]
        start = int(positions[places[0]]) - 1
        at += range(start, start + len(places) + 2)
        queries += range(first, first + len(places) + 1)
        targets += [*canvas.ids[places].tolist(), config.span_end_token_id]
    view = plan.view(canvas)
    cached = np.empty(0, np.int64) if view.cached is None or view.context is None else view.cached
    return Batch(
        input_ids=np.array([ids], np.int64),
        position_ids=np.array([at], np.int64),
        query_index=np.array([queries], np.int64),
        allowed=everything(config.embedding_rows),
        allowed_row=np.zeros((1, len(queries)), np.int64),
        target_ids=np.array([targets], np.int64),
        context=view.context,
        context_position_ids=None if view.context is None else positions[cached][None],
        stretch=np.concatenate((canvas.stretches[cached], np.full(len(ids), READING)))[None],
    )


def split_reading(canvas: Canvas, predictions: Predictions) -> dict[int, NDArray[np.floating]]:
    """Span -> log-probabilities of its tokens and of its end."""
    found, first = {}, 0
    for group in spans_of(canvas):
        size = len(canvas.places(group)) + 1
        found[group] = predictions.target_log_probs[0, first : first + size]
        first += size
    return found


def agreed(canvas: Canvas, group: int, predictions: Predictions) -> int:
    """How many tokens of a span's beginning are what greedy reading from the left would have
    written there."""
    first = sum(len(canvas.places(other)) + 1 for other in spans_of(canvas) if other < group)
    tokens: Ints = canvas.ids[canvas.places(group)]
    same = predictions.token_ids[0, first : first + len(tokens), 0] == tokens
    return len(tokens) if same.all() else int(np.argmin(same))


def spans_of(canvas: Canvas) -> list[int]:
    """The spans of a canvas in the order of the text."""
    return [int(group) for group in np.unique(canvas.groups) if group >= 0]
