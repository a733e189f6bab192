"""``lacuna eval calibrate``: fit, judge and keep the calibration of a model."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.fitting.calibrate import (
    best_way,
    confidences,
    draw,
    fit,
    length_bias,
    ways_of,
)
from benchmarks.infill_cases import cut_cases
from engine import Engine, find_model
from engine.network.calibration import write_calibration
from lacuna.commands.measure.evaluate import held_out
from lacuna.commands.measure.report import print_report, progress_bar
from lacuna.errors import UserError

KINDS = ("rest", "piece", "line")
BIAS_CASES = 60
"""Places at which certainty by length is measured; every one costs a pass for each length."""


def calibrate(
    data: Path,
    cases: int,
    plot: Path | None,
    seed: int,
    order: str,
    model: Path | None,
    backend: str,
) -> None:
    """Carry out the command."""
    if cases < 100:
        raise UserError(f"--cases {cases} is too few for a calibration; use 100 or more.")
    documents = held_out(data)
    chosen = [
        case
        for i, kind in enumerate(KINDS)
        for case in cut_cases(documents, kind, cases // len(KINDS), seed + i)
    ]
    if len(chosen) < 100:
        raise UserError(f"{data} holds too little text; name a larger validation shard.")
    folder = find_model(model)
    with Engine(model, backend) as engine, progress_bar() as progress:
        try:
            ways = ways_of(engine, order)
        except ValueError as exc:
            raise UserError(str(exc)) from exc
        bar = progress.add_task("calibrating", total=len(ways) * len(chosen))
        tried = {
            way: confidences(engine, chosen, way, lambda: progress.advance(bar)) for way in ways
        }
        exact = {way: float(right.mean()) for way, (_, right) in tried.items()}
        best = best_way(exact)
        own, right = tried[best]
        calibration, figures = fit(own, right, best)
        figures |= {f"exact_match_{way.name}": round(rate, 4) for way, rate in exact.items()}
        if engine.config.delete_token_id is None:
            places = chosen[:: max(1, len(chosen) // BIAS_CASES)]
            calibration = msgspec.structs.replace(
                calibration, length_bias=length_bias(engine, places)
            )
    try:
        write_calibration(calibration, folder)
    except OSError as exc:
        raise UserError(
            f"{folder} cannot be written ({exc.strerror}); copy the model to a folder of yours."
        ) from exc
    if plot is not None:
        draw(own, right, calibration, plot)
    print_report({**figures, "steps": best.steps, "order": best.order})
