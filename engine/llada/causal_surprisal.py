"""``score`` for models whose context is causal: the surprise of every word given both sides.

What stands before a passage is cached once and grows with it. Each passage is a canvas behind it,
with the passage that follows as the last stretch, and in every pass some of its words are masked.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Ints
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.caching.context_store import ContextStore
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import constraint_table
from engine.decoding.sampler import encode_context, masked_pass
from engine.network.model_config import ModelConfig

PASSAGE = 32
"""Tokens of a passage, as many as a span may have."""


def causal_scores(
    config: ModelConfig, ids: Ints, words: Ints, window: int, stride: int | None
) -> Generator[Batch, Predictions, NDArray[np.float64]]:
    """Log-probability of every token of a text whose tokens belong to ``words``; one word in
    ``stride`` is masked a pass.

    ``None`` masks one word a pass. At most ``window`` tokens before a passage are seen, cut to
    three quarters when they become more, so that the cache is kept from passage to passage.
    """
    out = np.empty(len(ids))
    allowed = constraint_table(config, config.embedding_rows, config.unspeakable_ids)
    contexts, first = ContextStore(), 0
    for start in range(0, len(ids), PASSAGE):
        end = min(len(ids), start + PASSAGE)
        if start - first > window:
            first = start - window * 3 // 4
        plan = CausalContext(contexts, "text")
        canvas = _passage(
            config, ids[first:start], ids[start:end], ids[end : end + PASSAGE], first == 0
        )
        yield from encode_context(canvas, plan, allowed)
        local = words[start:end] - words[start]
        passes = int(local[-1]) + 1 if stride is None else min(stride, int(local[-1]) + 1)
        for number in range(passes):
            which = np.flatnonzero(local % passes == number)
            if not len(which):
                continue
            places = canvas.places(0)
            noisy = canvas.copy()
            noisy.ids[places[which]] = config.mask_token_id
            batch = masked_pass(noisy, plan.view(noisy), places[which], allowed)
            batch.target_ids = ids[start:end][which][None]
            out[start:end][which] = (yield batch).target_log_probs[0]
    return out


def _passage(
    config: ModelConfig, before: Ints, own: Ints, after: Ints, at_beginning: bool
) -> Canvas:
    begins = config.start_token_id if at_beginning else config.gap_token_id
    assert begins is not None and config.gap_token_id is not None
    ids = [begins, *before.tolist(), *own.tolist(), config.gap_token_id, *after.tolist()]
    sizes = (1 + len(before), len(own), 1 + len(after))
    groups = np.repeat([CONTEXT, 0, CONTEXT], sizes)
    return Canvas(ids, groups, config.mask_token_id, np.repeat([1, 0, 2], sizes))
