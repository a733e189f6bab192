"""Which masks are transferred in a step: those whose predictions are confident enough (Fast-dLLM,
arXiv 2505.22618).

A rule sees the predictions of every masked place and says which are final. It always takes the most
confident one, so a fill ends. Other published rules are for research (``lacuna bench quality
--rule``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools, Floats, Ints


@dataclass
class Step:
    """The predictions of one step. M masked places, K candidates."""

    slots: Ints  # (M,) names of the slots, the same from step to step
    places: Ints  # (M,) on the canvas, rising
    confidence: NDArray[np.float64]  # (M,) of the chosen tokens
    token_ids: Ints  # (M, K)
    log_probs: Floats  # (M, K)
    entropy: Floats  # (M,)


class TransferRule(Protocol):
    """Says which places are transferred; may remember earlier steps of the same fill."""

    def __call__(self, step: Step) -> Bools: ...


@dataclass
class Threshold:
    """Every place at least so confident."""

    value: float

    def __call__(self, step: Step) -> Bools:
        return with_best(step.confidence >= self.value, step.confidence)


def with_best(chosen: Bools, confidence: NDArray[np.floating]) -> Bools:
    """``chosen`` and the most confident place."""
    chosen = chosen.copy()
    if len(confidence):
        chosen[int(np.argmax(confidence))] = True
    return chosen
