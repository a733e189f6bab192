"""Who sees whom in a training row that holds a context and several views of its spans.

Every token has a segment: k > 0 is the k-th stretch of the context; ``CLEAN`` the clean view, an
answer read causally; ``NOISY - v`` the v-th noisy view of all spans; ``PADDING`` nothing. The
engine's own passes know the first two kinds and one noisy view (``engine.network.model``); a row of
several views is how training gets more labels out of one context.

Shapes: B rows, S tokens of a row.
"""

from __future__ import annotations

import torch
from torch import Tensor

PADDING = 0
CLEAN = -1
NOISY = -2
"""Segment of the first noisy view; the next ones follow downwards."""


def visible(segments: Tensor) -> Tensor:
    """(B, S, S) bool, query by key.

    A context token sees its own stretch up to itself; a clean one all of the context and the clean
    tokens up to itself, those of earlier spans included; a noisy one all of the context and its own
    view, in both directions. Padding sees itself alone, so that no query is without keys.
    """
    query, key = segments[:, :, None], segments[:, None, :]
    index = torch.arange(segments.shape[1], device=segments.device)
    earlier = index[None, :] <= index[:, None]  # (S, S): the key does not stand behind the query
    same = query == key
    canvas_sees_context = (query < 0) & (key > 0)
    causal = same & earlier & ((query > 0) | (query == CLEAN))
    both_ways = same & (query <= NOISY)
    itself = index[None, :] == index[:, None]
    return canvas_sees_context | causal | both_ways | itself
