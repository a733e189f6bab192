"""Published rules for which masks are transferred in a step, beside the product's threshold. All
work without training.

``factor`` is Fast-dLLM's (arXiv 2505.22618), ``hierarchical`` is dInfer's (2510.08666), ``entropy``
the EB-Sampler's bound (2505.24857), ``local`` LocalLeap's (2510.07081), ``credit`` CreditDecoding's
(2510.06133) and ``stable`` KLASS (2511.05664). None of them is a setting of the product: ``lacuna
bench quality --rule`` compares them with its threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.base.arrays import Bools, Ints
from engine.decoding.schedule import top_confident
from engine.decoding.transfer_rules import Step, Threshold, TransferRule, with_best

LOW = 0.62
"""``hierarchical``: a run of masks may transfer its best one from this confidence on (dInfer's
setting)."""
NEIGHBOURS, RELAXED = 4, 0.75
"""``local``: within so many places of a confident one a lower confidence will do (LocalLeap's
setting)."""
KEPT, CREDIT, FUSED = 0.8, 0.2, 0.7
"""``credit``: decay of old credit, exponent of new credit, weight of the fusion (dInfer's setting).
"""
MOST_KL = 0.01
"""``stable``: a prediction that moved less than this since the last step is settled (KLASS)."""


@dataclass
class Factor:
    """The n most confident places, n as large as (n + 1) (1 - confidence of the n-th) stays below
    the factor."""

    value: float

    def __call__(self, step: Step) -> Bools:
        falling = -np.sort(-step.confidence)
        fits = (np.arange(len(falling)) + 2) * (1.0 - falling) < self.value
        count = int(np.max(np.flatnonzero(fits), initial=-1)) + 1
        return with_best(top_confident(step.confidence, count), step.confidence)


@dataclass
class EntropyBound:
    """The places of least entropy, as many as their joint entropy without the largest stays within
    the bound (nats)."""

    value: float

    def __call__(self, step: Step) -> Bools:
        rising = np.sort(step.entropy)
        count = int((np.cumsum(rising) - rising <= self.value).sum())
        return with_best(top_confident(-step.entropy, count), step.confidence)


@dataclass
class Hierarchical:
    """Every place at least so confident, and of each run of neighbouring masks the best one if it
    is fairly confident."""

    value: float

    def __call__(self, step: Step) -> Bools:
        chosen = step.confidence >= self.value
        for run in np.split(
            np.arange(len(step.places)), np.flatnonzero(np.diff(step.places) > 1) + 1
        ):
            best = run[np.argmax(step.confidence[run])]
            chosen[best] |= step.confidence[best] > LOW
        return with_best(chosen, step.confidence)


@dataclass
class Local:
    """Every place at least so confident, and near those a lower confidence will do."""

    value: float

    def __call__(self, step: Step) -> Bools:
        sure = step.confidence >= self.value
        distance = np.abs(step.places[:, None] - step.places[None, sure])
        near = (distance <= NEIGHBOURS).any(axis=1)
        return with_best(sure | (near & (step.confidence >= RELAXED)), step.confidence)


@dataclass
class Credit:
    """A threshold on confidence to which earlier steps lend: a token that kept being the best needs
    less."""

    value: float
    _credit: dict[tuple[int, int], float] = field(default_factory=dict)

    def __call__(self, step: Step) -> Bools:
        self._credit = {key: KEPT * credit for key, credit in self._credit.items()}
        probs = np.exp(step.log_probs.astype(np.float64))
        best = probs.argmax(axis=1)
        for i, slot in enumerate(step.slots):
            key = int(slot), int(step.token_ids[i, best[i]])
            self._credit[key] = self._credit.get(key, 0.0) + probs[i, best[i]] ** CREDIT
        keys = [
            [(int(slot), int(token)) for token in row]
            for slot, row in zip(step.slots, step.token_ids, strict=True)
        ]
        lent = np.array([[self._credit.get(key, 0.0) for key in row] for row in keys])
        fused = probs * (1.0 + lent.reshape(probs.shape)) ** FUSED
        rest = np.maximum(0.0, 1.0 - probs.sum(axis=1))
        confidence = fused[np.arange(len(best)), best] / (fused.sum(axis=1) + rest)
        return with_best(confidence >= self.value, step.confidence)


@dataclass
class Stable:
    """Every place at least so confident whose prediction has hardly moved since the last step."""

    value: float
    _last: dict[int, tuple[Ints, NDArray[np.float64]]] = field(default_factory=dict)

    def __call__(self, step: Step) -> Bools:
        probs = np.exp(step.log_probs.astype(np.float64))
        moved = np.array(
            [self._moved(int(s), step.token_ids[i], probs[i]) for i, s in enumerate(step.slots)]
        )
        self._last = {int(s): (step.token_ids[i], probs[i]) for i, s in enumerate(step.slots)}
        return with_best((step.confidence >= self.value) & (moved < MOST_KL), step.confidence)

    def _moved(self, slot: int, ids: Ints, probs: NDArray[np.float64]) -> float:
        """KL divergence of now from before, over the candidates; infinite for a slot that was not
        seen."""
        if slot not in self._last:
            return float("inf")
        before = dict(zip(self._last[slot][0].tolist(), self._last[slot][1].tolist(), strict=True))
        floor = min(before.values())
        was = np.array([before.get(int(token), floor) for token in ids])
        return float(
            np.sum(probs * (np.log(np.maximum(probs, 1e-9)) - np.log(np.maximum(was, 1e-9))))
        )


RULES: dict[str, Callable[[float], TransferRule]] = {
    "threshold": Threshold,
    "factor": Factor,
    "entropy": EntropyBound,
    "hierarchical": Hierarchical,
    "local": Local,
    "credit": Credit,
    "stable": Stable,
}


def rule_factory(text: str) -> Callable[[], TransferRule]:
    """What makes the rule ``NAME=NUMBER`` for every run; ``ValueError`` says what there is."""
    name, equals, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if name not in RULES or not equals or value <= 0.0:
        raise ValueError(
            f"{text!r} is not a rule; use NAME=NUMBER with a name of {', '.join(RULES)} and a "
            "positive number"
        )
    return lambda: RULES[name](value)
