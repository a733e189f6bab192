"""``lacuna export``: needs the ``export`` extra."""

from __future__ import annotations

from pathlib import Path

from benchmarks.infill_cases import cut_cases
from benchmarks.quality.paired import compare_exact_match
from benchmarks.speed.latency import library_cases
from engine import Engine
from engine.base.advice import install
from lacuna.commands.measure.evaluate import held_out
from lacuna.commands.measure.report import print_report
from lacuna.commands.show.terminal import say
from lacuna.errors import UserError

FILLS = 40
"""Whole fills that are compared, in files of the standard library."""


def to_onnx(
    checkpoint: Path, out: Path, precision: str, keep_float: int, max_shard: int | None
) -> None:
    try:
        from export.onnx_export import export_onnx
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; {install('export')}.") from exc
    try:
        texts = [case.text for case in library_cases(FILLS)]
        shard = None if max_shard is None else max_shard << 20
        measured = export_onnx(checkpoint, out, precision, texts, keep_float, shard)
    except (ValueError, OSError) as exc:
        raise UserError(str(exc)) from exc
    for name in sorted(measured, key=lambda name: -measured[name])[: 2 * keep_float]:
        say(f"{measured[name]:8.4f} nats when rounded alone: {name}")


def to_tensorrt(
    checkpoint: Path,
    out: Path,
    precision: str,
    weight_streaming: bool,
    any_gpu: bool,
    max_tokens: int,
    max_rows: int,
) -> None:
    try:
        from export.tensorrt_export import export_tensorrt
        from export.tensorrt_plan import BuildOptions
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; {install('export')}.") from exc
    if max_tokens < 64 or max_rows < 1:
        raise UserError("--max-tokens must be 64 or more and --max-rows 1 or more.")
    options = BuildOptions(weight_streaming, any_gpu, max_tokens, max_rows)
    try:
        path = export_tensorrt(
            checkpoint, out, precision, options, [case.text for case in library_cases(FILLS)]
        )
    except (ValueError, OSError) as exc:
        raise UserError(str(exc)) from exc
    say(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


def check(
    artefact: Path, checkpoint: Path | None, canvases: int, seed: int, data: Path | None, cases: int
) -> None:
    """Print how an artefact compares with torch; a ``UserError`` when it is damaged or misses its
    limits."""
    try:
        from export.parity import check_files, compare, reference_engine, shortfalls
    except ModuleNotFoundError as exc:
        raise UserError(f"{exc.name} is missing; {install('export')}.") from exc
    if canvases < 1:
        raise UserError(f"--canvases {canvases} is not possible; use 1 or more.")
    check_files(artefact)
    report = compare(
        artefact, checkpoint, canvases, [case.text for case in library_cases(FILLS)], seed
    )
    if data is not None:
        documents = held_out(data)
        kinds = ("piece", "rest", "line")
        cut = [
            case for kind in kinds for case in cut_cases(documents, kind, cases // len(kinds), seed)
        ]
        with Engine(artefact, "onnx") as ours, reference_engine(artefact, checkpoint) as theirs:
            report |= compare_exact_match(ours, theirs, cut)
    print_report(report)
    if missed := shortfalls(report):
        raise UserError(f"{artefact} is not the same model: {'; '.join(missed)}.")
