"""``lacuna train``: run files for data and training; needs the ``train`` extra."""

from __future__ import annotations

from pathlib import Path

from lacuna.errors import UserError


def make_data(config: Path, overrides: list[str]) -> None:
    try:
        from training.config import load_run
        from training.prepare import DataConfig, prepare
    except ModuleNotFoundError as exc:
        raise _missing(exc) from exc
    try:
        prepare(load_run(config, overrides, DataConfig))
    except (ValueError, OSError) as exc:
        raise UserError(_sentence(exc)) from exc


def run_pretraining(config: Path, overrides: list[str]) -> None:
    try:
        from training.config import load_run
        from training.pretrain import PretrainConfig, pretrain
    except ModuleNotFoundError as exc:
        raise _missing(exc) from exc
    try:
        pretrain(load_run(config, overrides, PretrainConfig))
    except (ValueError, OSError) as exc:
        raise UserError(_sentence(exc)) from exc


def _missing(exc: ModuleNotFoundError) -> UserError:
    return UserError(f"{exc.name} is missing; install lacuna[train].")


def _sentence(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.strerror}: {exc.filename}" if exc.filename else exc.strerror
    return str(exc)
