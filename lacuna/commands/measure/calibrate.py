"""``lacuna eval calibrate``: fit, judge and keep the calibration of a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.fitting.calibrate import (
    Way,
    best_way,
    confidences,
    draw,
    fit,
    length_bias,
    other_ways,
    rising,
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
"""Cut-outs at which certainty by length is measured; every one costs a pass for each length."""


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
    with Engine(folder, backend) as engine, progress_bar() as progress:
        try:
            ways = ways_of(engine, order)
        except ValueError as exc:
            raise UserError(str(exc)) from exc
        bar = progress.add_task("calibrating", total=len(ways) * len(chosen))

        def measured(
            way: Way, copies: bool = False
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            done = partial(progress.advance, bar)
            return confidences(engine, chosen, way, done, copies=copies)

        tried = {way: measured(way) for way in ways}
        exact = {way: float(right.mean()) for way, (_, right) in tried.items()}
        best = best_way(exact)
        needed = other_ways(engine, best)
        again = best.order == "reranked"
        progress.update(bar, total=(len({*ways, *needed}) + again) * len(chosen))
        own, right = measured(best, copies=True) if again else tried[best]
        calibration, figures = fit(own, right, best)
        others = {way: tried.get(way) or measured(way) for way in needed}
        calibration = msgspec.structs.replace(
            calibration, other_orders={way.order: rising(*found) for way, found in others.items()}
        )
        figures |= {f"exact_match_{way.name}": round(rate, 4) for way, rate in exact.items()}
        if engine.config.delete_token_id is None:
            some = chosen[:: max(1, len(chosen) // BIAS_CASES)]
            calibration = msgspec.structs.replace(
                calibration, length_bias=length_bias(engine, some)
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
