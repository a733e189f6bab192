"""``lacuna train``: run files for data and training; needs the ``train`` extra."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lacuna.errors import UserError

_KINDS = {
    "data": ("training.data.prepare", "DataConfig", "prepare"),
    "pretrain": ("training.objectives.pretrain", "PretrainConfig", "pretrain"),
    "sft": ("training.objectives.sft", "SftConfig", "tune"),
    "adapt": ("training.objectives.adapt", "AdaptConfig", "adapt"),
    "infill": ("training.objectives.infill_tuning", "InfillTuningConfig", "tune_infilling"),
}
"""Command -> module, type of its run file, function."""


def run(kind: str, path: Path, overrides: list[str]) -> None:
    """Read the run file of a command and carry it out."""
    module_name, config_name, function_name = _KINDS[kind]
    module: Any = importlib.import_module(module_name)
    load_run: Any = importlib.import_module("training.run_file").load_run
    with _in_a_sentence():
        config = load_run(path, overrides, getattr(module, config_name))
        getattr(module, function_name)(config)
        if kind == "infill":
            sys.stderr.write(f"{module.gain(config.out)}\n")


def convert(source: str, out: Path) -> None:
    """Convert an autoregressive checkpoint."""
    module: Any = importlib.import_module("training.convert.convert")
    with _in_a_sentence():
        module.convert(source, out)


def mix(parent: Path, trained: Path, share: float, out: Path) -> None:
    """Write weights between those of two checkpoints."""
    module: Any = importlib.import_module("training.adaptation.mix")
    with _in_a_sentence():
        module.mix(parent, trained, share, out)


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """What a run file or a checkpoint does not allow is said to the user."""
    try:
        yield
    except (ValueError, OSError) as exc:
        raise UserError(_sentence(exc)) from exc


def _sentence(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.strerror}: {exc.filename}" if exc.filename else exc.strerror
    return str(exc)
