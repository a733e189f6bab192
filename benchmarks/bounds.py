"""95 % bounds that respect dependence: cases of one package or function are resampled together."""

from __future__ import annotations

import numpy as np

BOOTSTRAPS = 2_000


def clustered_bounds(
    hits: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None, seed: int = 0
) -> tuple[float, float]:
    """95 % bounds of sum(hits) / sum(weights), by a bootstrap over groups; without weights: of a
    rate."""
    count = int(groups.max()) + 1
    sums = np.stack([np.bincount(groups, hits, count), np.bincount(groups, weights, count)])
    drawn = np.random.default_rng(seed).integers(0, count, (BOOTSTRAPS, count))
    totals = sums[:, drawn].sum(axis=2)
    rates = totals[0] / np.maximum(totals[1], 0.5)  # a resample without any counts as half a one
    return float(np.quantile(rates, 0.025)), float(np.quantile(rates, 0.975))


def with_bounds(
    name: str,
    hits: np.ndarray,
    groups: np.ndarray,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """``name``, ``name_low`` and ``name_high`` of sum(hits) / sum(weights); ``inf`` where the
    weights sum to nothing."""
    low, high = clustered_bounds(hits, groups, weights, seed)
    total = float(len(hits) if weights is None else weights.sum())
    value = float(hits.sum()) / total if total else float("inf")
    return {name: round(value, 4), f"{name}_low": round(low, 4), f"{name}_high": round(high, 4)}
