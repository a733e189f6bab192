"""Draw ``growth.svg`` beside this file from the JSON lines of ``lacuna bench growth`` and ``lacuna
bench serve``.

    python docs/pictures/draw_growth.py GROWTH.json SERVE.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

BYTES = {"10_kb": 1e4, "100_kb": 1e5, "1_mb": 1e6, "10_mb": 1e7}
Figures = dict[str, float]


def main(growth: str, serve: str) -> None:
    """One picture each: windows, documents, clients."""
    grown, served = (
        json.loads(Path(name).read_text().splitlines()[-1]) for name in (growth, serve)
    )
    plt.rcParams["svg.hashsalt"] = "growth"  # the same names inside, whenever it is drawn
    figure, (windows, documents, clients) = plt.subplots(1, 3, figsize=(12, 3.4))
    _curve(windows, _series(grown, r"window_(\d+)_p50_ms", int), "nothing cached")
    _curve(windows, _series(grown, r"window_(\d+)_cached_p50_ms", int), "context cached")
    _axes(windows, "tokens of the window", "ms a blank, median")
    _curve(documents, _series(grown, r"document_(\w+)_p50_ms", BYTES.__getitem__), "with copies")
    _axes(documents, "bytes of the document", "ms a blank, median")
    _curve(clients, _series(served, r"http_(\d+)_p50_ms", int), "median")
    _curve(clients, _series(served, r"http_(\d+)_p95_ms", int), "95 %")
    _axes(clients, "clients that ask without a pause", "ms an answer")
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("growth.svg"), metadata={"Date": None})


def _series(
    figures: Figures, pattern: str, number: Callable[[str], float]
) -> list[tuple[float, float]]:
    found = ((re.fullmatch(pattern, key), value) for key, value in figures.items())
    return sorted((number(match[1]), value) for match, value in found if match)


def _curve(axes: plt.Axes, points: list[tuple[float, float]], label: str) -> None:
    axes.plot(*zip(*points, strict=True), marker="o", label=label)


def _axes(axes: plt.Axes, across: str, up: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    axes.legend()


if __name__ == "__main__":
    main(*sys.argv[1:])
