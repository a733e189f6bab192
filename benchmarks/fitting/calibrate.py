"""Fit a model's calibration on held-out text: confidence to the share of exact answers, and
certainty by length.

Half of the cases fit the map, the other half say how good it is: expected calibration error (ECE)
before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from benchmarks.fitting.changed_model import changed
from benchmarks.fitting.decoding_rules import BOUND, UNBOUNDED
from benchmarks.infill_cases import Case
from engine import Engine, FillRequest, Span, language_of
from engine.base.orders import ORDERS, Order
from engine.infill.search.length_probe import certainty
from engine.network.calibration import DEFAULT_STEPS, PROBED_LENGTHS, Calibration

BINS = 10
TRIED_STEPS = (UNBOUNDED, 16, 8)
"""Fewer steps look free on short cut-outs and are not on the lines of HumanEval-Infilling
(training/LOG.md)."""
AUTO = "auto"
"""The value of ``--order`` that tries all."""
FAR = 4
"""A probed length counts as wrong when it is at least so many tokens from the true one (CAL)."""


@dataclass(frozen=True)
class Way:
    """A way to write a span: by masks in so many steps at most, or from the left."""

    steps: int
    order: Order = "together"

    @property
    def name(self) -> str:
        return f"{self.steps}_steps" if self.order == "together" else self.order


def ways_of(engine: Engine, order: str) -> list[Way]:
    """The ways that ``order`` leaves to choose from (``auto``: all that the model can go)."""
    if order not in (AUTO, *ORDERS):
        raise ValueError(f"--order {order} is not one of {', '.join((AUTO, *ORDERS))}.")
    if order not in (AUTO, "together") and not _causal(engine):
        raise ValueError(f"{engine.model_name} does not write from the left; leave out --order.")
    return [way for way in _every_way(engine) if order in (AUTO, way.order)]


def other_ways(engine: Engine, best: Way) -> list[Way]:
    """One for each other order, for spans that cannot be written in the best one."""
    return [
        way
        for way in _every_way(engine)
        if way.order != best.order and (way.order != "together" or way.steps == best.steps)
    ]


def _every_way(engine: Engine) -> list[Way]:
    masks = [Way(steps) for steps in TRIED_STEPS]
    return [
        *masks,
        *(Way(DEFAULT_STEPS, each) for each in ORDERS if _causal(engine) and each != "together"),
    ]


def _causal(engine: Engine) -> bool:
    return engine.config.context_attention == "causal"


def confidences(
    engine: Engine,
    cases: Sequence[Case],
    way: Way,
    done: Callable[[], None] = lambda: None,
    *,
    copies: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The model's own confidence in its answer to each case, and whether the answer was exact.

    ``copies`` are for the curve of ranked answers: there copies have confidence of the same kind.
    """
    own, right = np.empty(len(cases)), np.empty(len(cases))
    calibration = Calibration(steps=way.steps, order=way.order)
    with changed(engine, calibration=calibration):
        for i, case in enumerate(cases):
            span = Span(start=case.start, end=case.end, single_line=True)
            found = engine.fill(
                FillRequest(
                    text=case.text,
                    spans=(span,),
                    language=language_of(case.path),
                    copies=copies,
                )
            )
            own[i], right[i] = found.spans[0].confidence, found.spans[0].text == case.answer
            done()
    return own, right


def best_way(exact: Mapping[Way, float]) -> Way:
    """The fewest steps whose exact match is within ``BOUND`` of that of ``UNBOUNDED``; from the
    left where that is right more often by more than ``BOUND``, for it is slower."""
    masks = {way: rate for way, rate in exact.items() if way.order == "together"}
    left = sorted(exact.keys() - masks.keys(), key=lambda way: -exact[way])
    if not masks:
        return left[0]
    all_steps = exact[Way(UNBOUNDED)]
    fewest = min(
        (way for way, rate in masks.items() if rate >= all_steps - BOUND),
        key=lambda way: way.steps,
    )
    return next((way for way in left if exact[way] > exact[fewest] + BOUND), fewest)


def length_bias(
    engine: Engine, cases: Sequence[Case], done: Callable[[], None] = lambda: None
) -> dict[int, float]:
    """Mean certainty of one pass over wholly masked spans of lengths that are far from the true
    one."""
    found: dict[int, list[float]] = {n: [] for n in PROBED_LENGTHS}
    for case in cases:
        true = len(engine.tokenizer.encode(case.answer))
        for n in PROBED_LENGTHS:
            if abs(n - true) >= FAR or n == 1:
                span = Span(start=case.start, end=case.end, tokens=n)
                found[n].append(
                    _first_certainty(engine, FillRequest(text=case.text, spans=(span,)))
                )
        done()
    return {n: round(float(np.mean(values)), 4) for n, values in found.items() if values}


def _first_certainty(engine: Engine, request: FillRequest) -> float:
    """Mean probability of the best tokens in the first pass over the masks."""
    run = engine.infiller.fill(request)
    predictions = engine.backend.predict(next(run))
    if (
        predictions.log_probs.shape[1] == 1 < (request.spans[0].tokens or 1)
    ):  # the pass that encodes the context
        predictions = engine.backend.predict(run.send(predictions))
    run.close()
    return certainty(predictions)


def fit(
    own: NDArray[np.float64], right: NDArray[np.float64], way: Way
) -> tuple[Calibration, dict[str, float]]:
    """A calibration from all cases, and its figures from a fit on one half judged on the other."""
    half = rising(own[::2], right[::2])
    mapped = np.array([Calibration(confidence=half).calibrated(value) for value in own[1::2]])
    figures = {
        "cases": len(own),
        "exact_match": round(float(right.mean()), 4),
        "ece_before": round(expected_error(own[1::2], right[1::2]), 4),
        "ece_after": round(expected_error(mapped, right[1::2]), 4),
    }
    calibration = Calibration(confidence=rising(own, right), steps=way.steps, order=way.order)
    return calibration, figures


def expected_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Expected calibration error: mean distance of confidence and frequency over bins of equal
    size."""
    parts = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    return float(
        sum(abs(confidence[p].mean() - right[p].mean()) * len(p) for p in parts if len(p))
        / len(right)
    )


def draw(
    own: NDArray[np.float64], right: NDArray[np.float64], calibration: Calibration, path: Path
) -> None:
    """Reliability diagram, as SVG: the model's own confidence and the calibrated one against what
    was right."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    mapped = np.array([calibration.calibrated(value) for value in own])
    figure, axes = pyplot.subplots(figsize=(4.5, 4))
    axes.plot([0, 1], [0, 1], color="lightgrey")
    for values, name in ((own, "the model's own"), (mapped, "calibrated")):
        parts = np.array_split(np.argsort(values, kind="stable"), BINS)
        axes.plot(
            [values[p].mean() for p in parts], [right[p].mean() for p in parts], ".-", label=name
        )
    axes.set_xlabel("confidence")
    axes.set_ylabel("exactly right")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def rising(
    confidences: NDArray[np.float64], right: NDArray[np.float64], bins: int = 12
) -> tuple[tuple[float, float], ...]:
    """A rising map from confidence to frequency: isotonic regression over the means of bins of
    equal size."""
    parts = np.array_split(np.argsort(confidences, kind="stable"), min(bins, len(confidences)))
    means = np.array([confidences[part].mean() for part in parts])
    shares = np.array([right[part].mean() for part in parts])
    fitted = IsotonicRegression().fit_transform(
        means, shares, sample_weight=[len(part) for part in parts]
    )
    return tuple(
        (round(float(x), 4), round(float(y), 4)) for x, y in zip(means, fitted, strict=True)
    )
