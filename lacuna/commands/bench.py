"""``lacuna bench``: figures as a table and, last, one JSON line of flat keys."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from lacuna.errors import UserError

NAMES = ("latency", "startup", "training")


def run_benchmark(name: str, model: Path | None, runs: int) -> None:
    """Measure ``name``; latency also of a random model of 45 million parameters where the export extra is installed."""
    if name not in NAMES:
        raise UserError(f"There is no benchmark {name!r}; choose one of {', '.join(NAMES)}.")
    if runs < 20 and name != "training":
        raise UserError(f"--runs {runs} is too few for a median that means something; use 20 or more.")
    measures: dict[str, Callable[[int], dict[str, float | int | str]]] = {
        "latency": partial(_latency, model),
        "startup": _startup,
        "training": _training,
    }
    report = measures[name](runs)
    for key, value in report.items():
        sys.stdout.write(f"{key:32} {value}\n")
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


def _latency(model: Path | None, runs: int) -> dict[str, float | int | str]:
    from benchmarks.latency import measure

    report = measure(model, runs)
    if model is None and importlib.util.find_spec("onnxscript") and importlib.util.find_spec("torch"):
        from benchmarks.random_model import make_random_model

        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lacuna"
        cache.mkdir(parents=True, exist_ok=True)
        random = measure(make_random_model(cache / "random-45m"), runs)
        report |= {f"random_45m_{key}": value for key, value in random.items() if key not in ("machine", "runs")}
    return report


def _training(runs: int) -> dict[str, float | int | str]:
    try:
        from benchmarks.training import measure
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; install lacuna[train].") from exc
    return measure(runs)


def _startup(runs: int) -> dict[str, float | int | str]:
    from benchmarks.startup import installed_mb, measure

    return measure(runs) | {"installed_mb": installed_mb(Path(sysconfig.get_path("purelib")))}
