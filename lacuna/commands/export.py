"""``lacuna export``: needs the ``export`` extra."""

from __future__ import annotations

from pathlib import Path

from lacuna.errors import UserError


def to_onnx(checkpoint: Path, out: Path, precision: str) -> None:
    try:
        from export.onnx_export import export_onnx
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; install lacuna[export].") from exc
    try:
        export_onnx(checkpoint, out, precision)
    except (ValueError, OSError) as exc:
        raise UserError(str(exc)) from exc
