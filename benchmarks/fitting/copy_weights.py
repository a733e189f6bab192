"""Fit the weights of ``engine/copying/ranking.py`` on training files, and judge them on held-out
ones.

    python -m benchmarks.fitting.copy_weights PYTHON-TRAIN.jsonl.zst VAL.jsonl.zst ...
    python -m benchmarks.fitting.copy_weights PROSE-TRAIN.jsonl.zst VAL.jsonl.zst ...

Prints one column of the constants and, for every held-out file, how often the best candidate is
right and how far off its probability is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.fitting.calibrate import expected_error
from benchmarks.infill_cases import HeldOutDocument, cut_cases, read_documents
from engine.copying.ranking import FEATURES, candidates, log_shares
from engine.copying.span_context import PLAIN_PROSE, SpanContext
from engine.request.blank_markers import language_of

KINDS, PROSE_KINDS = ("piece", "rest", "line", "lines"), ("piece", "rest", "sentence")
CASES = 2_000
FILES = 1_500
RIDGE = 1e-2
ROUNDS = 40
Array = NDArray[np.float64]


def examples(
    documents: Sequence[HeldOutDocument], kind: str, count: int
) -> list[tuple[Array, Array]]:
    """For every case: the features (N, F) of its candidates and which of them is the truth (N,)."""
    found = []
    for case in cut_cases(list(documents), kind, count, 3):
        rated = candidates(
            SpanContext.of(case.text, case.start, case.end, single_line=kind != "lines")
        )
        right = np.array([copy == case.answer for copy, _ in rated], float)
        found.append(
            (np.array([features for _, features in rated]).reshape(-1, len(FEATURES)), right)
        )
    return found


def choice(cases: Sequence[tuple[Array, Array]]) -> Array:
    """Weights under which the truth is chosen among the candidates, or nothing (score 0) where it
    is not among them.

    Maximum likelihood of a conditional logit with a small ridge, by Newton's method: scikit-learn
    has none.
    """
    features, right = (np.concatenate(parts) for parts in zip(*cases, strict=True))
    sizes = np.array([len(y) for _, y in cases])
    case, first = np.repeat(np.arange(len(cases)), sizes), np.cumsum(sizes) - sizes

    def chances(weights: Array) -> tuple[Array, float]:
        """How likely every candidate is to be chosen, and the log-likelihood."""
        score = np.clip(features @ weights, -30, 30)
        total = 1.0 + np.bincount(case, np.exp(score))
        return np.exp(score) / total[case], float(
            score @ right - np.log(total).sum() - RIDGE * weights @ weights / 2
        )

    weights = np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        chosen, likelihood = chances(weights)
        expected = np.add.reduceat(features * chosen[:, None], first)
        gradient = features.T @ (right - chosen) - RIDGE * weights
        curvature = (
            (features.T * chosen) @ features - expected.T @ expected + RIDGE * np.eye(len(weights))
        )
        step = np.linalg.solve(curvature, gradient)
        while chances(weights + step)[1] < likelihood and np.abs(step).max() > 1e-6:
            step = step / 2
        weights = weights + step
    return weights


def best_of(cases: Sequence[tuple[Array, Array]], weights: Array) -> tuple[Array, Array]:
    """Log share of the best candidate of every case that has one, and whether it is right."""
    rows = [(log_shares(x @ weights), y) for x, y in cases if len(y)]
    return np.array([z.max() for z, _ in rows]), np.array([y[int(np.argmax(z))] for z, y in rows])


def main(arguments: list[str]) -> None:
    """Fit and print."""
    train, *held_out = (read_documents(Path(name)) for name in arguments)
    train = [train[i] for i in np.random.default_rng(0).permutation(len(train))[:FILES]]
    kinds = PROSE_KINDS if language_of(train[0].path) in PLAIN_PROSE else KINDS
    filled = [case for kind in kinds for case in examples(train, kind, CASES) if len(case[1])]
    weights = choice(filled)
    share, right = best_of(filled, weights)
    certainty = LogisticRegression(C=1 / RIDGE).fit(share[:, None], right)
    slope, offset = float(certainty.coef_[0, 0]), float(certainty.intercept_[0])
    for name, weight in zip(FEATURES, weights, strict=True):
        sys.stdout.write(f'    "{name}": {weight:.3f},\n')
    sys.stdout.write(f"CERTAINTY = ({slope:.3f}, {offset:.3f})\n")
    for path, documents in zip(arguments[1:], held_out, strict=True):
        for kind in kinds:
            cases = examples(documents, kind, CASES)
            if not any(len(y) for _, y in cases):
                continue
            share, right = best_of(cases, weights)
            error = expected_error(1 / (1 + np.exp(-(slope * share + offset))), right)
            reached = np.mean([bool(y.any()) for _, y in cases])
            figures = (
                f"best right {right.sum() / len(cases):.3f}, any {reached:.3f}, "
                f"calibration error {error:.3f}"
            )
            sys.stdout.write(f"{Path(path).name} {kind}: {figures}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
