"""``lacuna eval written``: measure and keep the confidence from which ``lacuna fill`` writes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.fitting.writing import figures, judged, writing_threshold
from benchmarks.infill_cases import cut_cases
from engine import Engine, find_model
from engine.network.calibration import read_calibration, write_calibration
from lacuna.commands.measure.evaluate import held_out
from lacuna.commands.measure.report import print_report, progress_bar
from lacuna.errors import UserError

KINDS = ("rest", "piece", "line")
FEWEST = 100


def written(data: list[Path], cases: int, seed: int, model: Path | None, backend: str) -> None:
    """Carry out the command."""
    if cases < FEWEST:
        raise UserError(f"--cases {cases} is too few for a threshold; use {FEWEST} or more.")
    documents = [document for file in data for document in held_out(file)]
    chosen = [
        case
        for i, kind in enumerate(KINDS)
        for case in cut_cases(documents, kind, cases // len(KINDS), seed + i)
    ]
    if len(chosen) < FEWEST // 2:
        raise UserError("The files hold too little text; name larger validation shards.")
    folder = find_model(model)
    with Engine(folder, backend) as engine, progress_bar() as progress:
        bar = progress.add_task("judging", total=len(chosen))
        confidence, right = judged(engine, chosen, lambda: progress.advance(bar))
    threshold = writing_threshold(confidence, right)
    try:
        write_calibration(
            msgspec.structs.replace(read_calibration(folder), writing=threshold), folder
        )
    except OSError as exc:
        raise UserError(
            f"{folder} cannot be written ({exc.strerror}); copy the model to a folder of yours."
        ) from exc
    print_report(figures(confidence, right, threshold, len(chosen)))
