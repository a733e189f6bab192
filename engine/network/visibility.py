"""Who sees whom where the context is causal and the canvas is not: a rule over one number a token,
its *stretch*.

    k > 0       context: the k-th stretch, encoded by itself from left to right
    CANVAS      anchors and slots: they see everything, in both directions
    READING     an answer read causally: all of the context, and of the rest what does not stand
                behind
    k < READING a lane: one of several ways to go on behind a reading; it sees what the reading
                sees, the reading, and itself (tree attention, arXiv 2305.09781)

"Not behind" goes by the index in the pass (cached tokens first), not by position: padding stands at
the right, so no query is ever without a key. Shapes: B rows, S active tokens, P cached tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.network.graph_io import CANVAS, READING


def stretch_visibility(stretch: Tensor, active: int) -> Tensor:
    """(B, S, P + S) bool from the stretches (B, P + S) of cached and ``active`` tokens; S is
    ``active``."""
    keys = stretch.shape[1]
    query = stretch[:, keys - active :, None]
    index = torch.arange(keys, device=stretch.device)
    not_behind = index[None, None, :] <= index[None, keys - active :, None]
    same_stretch = stretch[:, None, :] == query
    read = (query <= READING) & (stretch[:, None, :] >= READING)
    causal = not_behind & (read | same_stretch)
    return (query == CANVAS) | causal
