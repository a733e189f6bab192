"""``lacuna models``: the model folders that come with the package, or one that is named: size,
licence, how fast each is on this machine; are their files whole?"""

from __future__ import annotations

import re
import statistics
import sys
import time
from pathlib import Path

from engine import MODELS, Engine, EngineError, FillRequest, Span, find_model
from engine.base.errors import CheckpointError
from engine.network.config_file import read_model_config
from engine.network.model_config import ModelConfig
from engine.network.model_files import check_model
from lacuna.commands.show.terminal import show

_ROW = re.compile(r"(?im)^\|\s*licen[cs]e\s*\|\s*(.+?)\s*\|\s*$")
_FRONT = re.compile(r"(?is)\A---\n(?:.*?\n)?licen[cs]e:\s*(\S[^\n]*)\n.*?^---", re.MULTILINE)
CARD_CHARS = 1 << 16
"""Of a README in which its licence is looked for."""
FILLS = 7
"""Timed after one that is not; the median counts."""
CODE = (
    "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n"
    "    return total / len(values)\n\n\ndef area(width, height):\n    return \n\n\n"
    "def volume(width, height, depth):\n    return area(width, height) * depth\n"
)


def list_models(model: Path | None, speed: bool, backend: str) -> None:
    """Print a paragraph for every folder; with ``speed`` each is loaded and timed."""
    for folder in _folders(model):
        try:
            config = read_model_config(folder)
        except CheckpointError:
            if model is not None:
                raise
            continue
        show(f"{folder.name}\n")
        size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 2**20
        _line(
            "size",
            f"{_parameters(config) / 1e6:.1f} M parameters, {config.weights_precision}, "
            f"{size:.1f} MiB",
        )
        _line("context", f"{config.max_sequence_length} tokens")
        _line("licence", licence_of(folder) or "not stated; look where you found the model")
        _line("speed", _speed(folder, backend) if speed else "--speed measures it on this machine")
        _line("folder", str(folder))


def check_models(model: Path | None) -> None:
    """Compare every byte with the manifests; ``CheckpointError`` names the first file that
    differs."""
    for folder in _folders(model):
        read_model_config(folder)
        check_model(folder, again=True)
        show(f"{folder.name:16} whole\n")


def licence_of(folder: Path) -> str:
    """What the README of a model folder states, in the head of a model card or in a table; empty
    where it states nothing."""
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as card:
            text = card.read(CARD_CHARS)
    except OSError:
        return ""
    found = _FRONT.search(text) or _ROW.search(text)
    licence = found[1].strip("\"' ") if found else ""
    return licence if licence.isprintable() else ""


def _speed(folder: Path, backend: str) -> str:
    """Loading, and the rest of a short line of code at a cursor; or why it cannot run here."""
    at = CODE.index("return \n") + len("return ")
    span = Span(start=at, end=at, max_tokens=16, single_line=True)
    request = FillRequest(text=CODE, spans=(span,), language="python", copies=False)
    began = time.perf_counter()
    try:
        with Engine(folder, backend) as engine:
            loaded = time.perf_counter() - began
            engine.fill(request)
            times = [_timed(engine, request) for _ in range(FILLS)]
            name = engine.backend.name
    except EngineError as exc:
        return f"cannot be measured: {exc}"
    return (
        f"{statistics.median(times):.0f} ms a suggestion (median of {FILLS}), loaded in "
        f"{loaded * 1000:.0f} ms, with {name}"
    )


def _timed(engine: Engine, request: FillRequest) -> float:
    """Milliseconds from asking to the answer."""
    began = time.perf_counter()
    engine.fill(request)
    return (time.perf_counter() - began) * 1000


def _parameters(config: ModelConfig) -> int:
    parameters = config.embedding_rows * config.d_model * (1 if config.weight_tying else 2)
    kv = 2 * config.kv_heads * config.head_dim + 2 * config.d_model
    return parameters + config.n_layers * config.d_model * (kv + 3 * config.mlp_hidden_size)


def _line(name: str, value: str) -> None:
    show(f"  {name:8} {value}\n")
    sys.stdout.flush()


def _folders(model: Path | None) -> list[Path]:
    return (
        [find_model(model)]
        if model is not None
        else sorted(path for path in MODELS.iterdir() if path.is_dir())
    )
