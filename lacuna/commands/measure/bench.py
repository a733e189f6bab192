"""``lacuna bench``: figures as a table and, last, one JSON line of flat keys."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from engine import Engine, find_model
from engine.base.advice import install
from lacuna.errors import UserError

NAMES = (
    "growth",
    "latency",
    "lsp",
    "peers",
    "positions",
    "quality",
    "serve",
    "startup",
    "throughput",
    "training",
)
SLOW_CASES = 5
"""Cut-outs for peers that take seconds each."""


def run_benchmark(
    name: str, model: Path | None, runs: int, data: Path | None, rules: list[str]
) -> None:
    """Measure ``name``: quality also under the published ``rules``, latency also of a random model
    of 45 million parameters where the export extra is installed."""
    if name not in NAMES:
        raise UserError(f"There is no benchmark {name!r}; choose one of {', '.join(NAMES)}.")
    if runs < 20 and name != "training":
        raise UserError(
            f"--runs {runs} is too few for a median that means something; use 20 or more."
        )
    measures: dict[str, Callable[[int], Mapping[str, float | int | str]]] = {
        "growth": partial(_growth, model),
        "latency": partial(_latency, model),
        "lsp": _lsp,
        "peers": partial(_peers, model),
        "positions": _positions,
        "quality": partial(_quality, model, data, rules),
        "serve": partial(_serve, model),
        "startup": _startup,
        "throughput": partial(_throughput, model),
        "training": _training,
    }
    report = measures[name](runs)
    for key, value in report.items():
        sys.stdout.write(f"{key:32} {value}\n")
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


def _latency(model: Path | None, runs: int) -> dict[str, float | int | str]:
    report = _times(find_model(model), runs)
    if (
        model is None
        and importlib.util.find_spec("onnxscript")
        and importlib.util.find_spec("torch")
    ):
        from benchmarks.random_model import make_random_model

        cache = user_cache_path("lacuna", appauthor=False, ensure_exists=True)
        random = _times(make_random_model(cache), runs)
        report |= {
            f"random_45m_{key}": value
            for key, value in random.items()
            if key not in ("machine", "runs")
        }
    return report


def _times(folder: Path, runs: int) -> dict[str, float | int | str]:
    """A model's own times; beside its peers and the machine's limits where torch is installed."""
    from benchmarks.speed.keystrokes import next_keystrokes
    from benchmarks.speed.latency import library_cases, measure
    from benchmarks.speed.throughput import throughput

    report = measure(folder, runs)
    with Engine(folder) as engine:
        report |= next_keystrokes(engine, library_cases(runs))
        report |= throughput(engine, library_cases(runs))
    if importlib.util.find_spec("torch"):
        from benchmarks.peers.same_weights import compare_with_peers
        from benchmarks.speed.roofline import ceiling_share

        report |= compare_with_peers(folder, library_cases(runs), SLOW_CASES)
        report |= ceiling_share(folder)
    return report


def _growth(model: Path | None, runs: int) -> Mapping[str, float | int | str]:
    from benchmarks.machine import describe
    from benchmarks.speed.growth import growth
    from benchmarks.speed.latency import library_cases

    with Engine(model) as engine:
        return growth(engine, library_cases(runs)) | {"machine": describe()}


def _peers(model: Path | None, runs: int) -> Mapping[str, float | int | str]:
    """Beside llama.cpp on fresh packages: ``runs`` gaps of sixteen tokens, as many typed lines."""
    from benchmarks.fresh.documents import fresh_documents
    from benchmarks.peers.bench import compare
    from benchmarks.peers.llama_cpp import NotBuilt

    try:
        return compare(find_model(model), fresh_documents(use="final"), runs, runs)
    except (NotBuilt, ValueError) as exc:
        raise UserError(str(exc)) from exc


def _positions(runs: int) -> Mapping[str, float | int | str]:
    from benchmarks.speed.positions import measure

    return measure(runs)


def _quality(
    model: Path | None, data: Path | None, rules: list[str], runs: int
) -> dict[str, float | int | str]:
    """Decoding rules on ``runs`` cut-outs a kind: as a table first, then the fastest that costs
    nothing."""
    from benchmarks.fitting.decoding_rules import PUBLISHED, compare_rules, fastest
    from benchmarks.fitting.published_rules import rule_factory
    from benchmarks.infill_cases import cut_cases
    from lacuna.commands.measure.evaluate import held_out

    if data is None:
        raise UserError(
            "Decoding rules are compared on held-out text; name it with --data "
            "VALIDATION.jsonl.zst."
        )
    rules = list(PUBLISHED) if rules == ["all"] else rules
    try:
        for rule in rules:
            rule_factory(rule)
    except ValueError as exc:
        raise UserError(f"--rule {exc}.") from exc
    documents = held_out(data)
    flat: dict[str, float | int | str] = {"cases": runs}
    with Engine(model) as engine:
        for kind, told in (("piece", False), ("rest", False), ("rest", True), ("line", False)):
            compared = compare_rules(engine, cut_cases(documents, kind, runs, 0), told, rules)
            name = f"{kind}{'_length_told' if told else ''}"
            for rule, figures in compared.items():
                flat |= {f"{name}: {rule}: {key}": value for key, value in figures.items()}
            flat[f"{name}: fastest"] = fastest(compared)
    return flat


def _lsp(runs: int) -> dict[str, float | int | str]:
    from benchmarks.speed.language_server import measure

    return measure(runs)


def _throughput(model: Path | None, runs: int) -> dict[str, float | int | str]:
    from benchmarks.machine import describe
    from benchmarks.speed.latency import library_cases
    from benchmarks.speed.throughput import throughput

    with Engine(model) as engine:
        report: dict[str, float | int | str] = {"places": runs, "machine": describe()}
        return report | throughput(engine, library_cases(runs))


def _serve(model: Path | None, runs: int) -> dict[str, float | int | str]:
    """``runs`` is how many seconds each number of clients asks."""
    from benchmarks.serving.http_load import measure

    return measure(find_model(model), runs)


def _training(runs: int) -> dict[str, float | int | str]:
    try:
        from benchmarks.speed.training import measure
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; {install('train')}.") from exc
    return measure(runs)


def _startup(runs: int) -> dict[str, float | int | str]:
    from benchmarks.speed.startup import installed_mb, measure

    return measure(runs) | {"installed_mb": installed_mb(Path(sysconfig.get_path("purelib")))}
