"""Fit the weights of ``engine/copying.py`` on training files, and judge them on held-out ones.

    python -m benchmarks.copy_weights TRAIN.jsonl.zst VAL.jsonl.zst

Prints the constants and, for the held-out files, how often the best copy is right and how far off its probability is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibrate import expected_error
from benchmarks.infill_cases import Document, cut_cases, read_documents
from engine import copying

KINDS = ("piece", "rest", "line")
CASES = 2_000
FILES = 1_500
RIDGE = 1e-2
Array = NDArray[np.float64]


def examples(documents: Sequence[Document], kind: str, count: int) -> list[tuple[Array, Array]]:
    """For every case with candidates: their features (N, F) and which of them is the truth (N,)."""
    found = []
    for case in cut_cases(list(documents), kind, count, 3):
        rated = copying.candidates(case.text, case.start, case.end)
        right = np.array([copy == case.answer for copy, _ in rated], float)
        found.append((np.array([features for _, features in rated]).reshape(-1, len(copying.WEIGHTS)), right))
    return found


def logistic(features: Array, right: Array) -> Array:
    """Weights of a logistic regression with a small ridge, by Newton's method."""
    weights = np.zeros(features.shape[1])
    for _ in range(40):
        chance = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (right - chance) - RIDGE * weights
        curvature = (features.T * (chance * (1 - chance))) @ features + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curvature, gradient)
    return weights


def best_of(cases: Sequence[tuple[Array, Array]], weights: Array) -> tuple[Array, Array]:
    """Score of the best candidate of every case that has one, and whether it is right."""
    rows = [(x @ weights, y) for x, y in cases if len(y)]
    return np.array([z.max() for z, _ in rows]), np.array([y[int(np.argmax(z))] for z, y in rows])


def main(arguments: list[str]) -> None:
    """Fit and print."""
    train, val = (read_documents(Path(name)) for name in arguments)
    train = [train[i] for i in np.random.default_rng(0).permutation(len(train))[:FILES]]
    cases = [case for kind in KINDS for case in examples(train, kind, CASES)]
    filled = [(x, y) for x, y in cases if len(y)]
    weights = logistic(np.concatenate([x for x, _ in filled]), np.concatenate([y for _, y in filled]))
    score, right = best_of(cases, weights)
    slope, offset = logistic(np.stack([score, np.ones_like(score)], axis=1), right)
    sys.stdout.write(f"WEIGHTS = ({', '.join(f'{w:.3f}' for w in weights)})\nSLOPE, OFFSET = {slope:.3f}, {offset:.3f}\n")
    for kind in KINDS:
        held_out = examples(val, kind, CASES)
        score, right = best_of(held_out, weights)
        error = expected_error(1 / (1 + np.exp(-(slope * score + offset))), right)
        reached = np.mean([bool(y.any()) for _, y in held_out])
        figures = f"best copy right {right.sum() / len(held_out):.3f}, any {reached:.3f}, calibration error {error:.3f}"
        sys.stdout.write(f"{kind}: {figures}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
