"""LLaDA's schedule of the reverse process: how many tokens a step transfers, and which. Pure
functions.

Everything not transferred stays masked ("remasked", in LLaDA's words). Arrays are over the masked
places of a block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools


def num_transfer_tokens(num_masked: int, steps: int) -> list[int]:
    """LLaDA's linear schedule: ``num_masked`` split over ``steps``, the remainder one each to the
    first steps."""
    base, extra = divmod(num_masked, steps)
    return [base + (step < extra) for step in range(steps)]


def top_confident(confidence: NDArray[np.floating], count: int) -> Bools:
    """The ``count`` most confident places (LLaDA's ``low_confidence`` remasking; random confidences
    give ``random``)."""
    chosen = np.zeros(len(confidence), bool)
    chosen[np.argsort(-confidence, kind="stable")[:count]] = True
    return chosen
