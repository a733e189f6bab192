"""``lacuna export``: needs the ``export`` extra."""

from __future__ import annotations

from pathlib import Path

from benchmarks.latency import places
from lacuna.commands.report import print_report
from lacuna.errors import UserError

FILLS = 40
"""Whole fills that are compared, in files of the standard library."""


def to_onnx(checkpoint: Path, out: Path, precision: str) -> None:
    try:
        from export.onnx_export import export_onnx
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; install lacuna[export].") from exc
    try:
        export_onnx(checkpoint, out, precision)
    except (ValueError, OSError) as exc:
        raise UserError(str(exc)) from exc


def check(artefact: Path, checkpoint: Path | None, canvases: int, seed: int) -> None:
    """Print how an artefact compares with torch; a ``UserError`` when it is damaged or misses its limits."""
    try:
        from export.parity import check_files, compare, shortfalls
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; install lacuna[export].") from exc
    if canvases < 1:
        raise UserError(f"--canvases {canvases} is not possible; use 1 or more.")
    check_files(artefact)
    report = compare(artefact, checkpoint, canvases, [case.text for case in places(FILLS)], seed)
    print_report(report)
    if missed := shortfalls(report):
        raise UserError(f"{artefact} is not the same model: {'; '.join(missed)}.")
