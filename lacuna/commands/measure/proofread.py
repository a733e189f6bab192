"""``lacuna eval proofread``: precision and recall of the marks in prose."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality.prose.planted_errors import plant
from benchmarks.quality.prose.proofreading import correct_texts, measure
from engine.http.client.address import EngineAddress
from lacuna.commands.measure.evaluate import held_out
from lacuna.commands.measure.report import print_report, progress_bar
from lacuna.errors import UserError
from lsp_server.engine_client.chosen import ChosenEngine
from lsp_server.settings.schema import Settings


def proofread(
    data: Path,
    texts: int,
    errors: int,
    surprise: float | None,
    seed: int,
    model: Path | None,
    backend: str,
) -> None:
    """Carry out the command."""
    correct = correct_texts(held_out(data), texts, seed)
    planted = plant(correct, errors, seed)
    if not planted:
        raise UserError(f"{data} holds too little prose; name a larger validation shard.")
    nats = Settings().proofread_surprise if surprise is None else surprise
    with progress_bar() as progress:
        bar = progress.add_task("proofreading", total=len(correct) + len(planted))
        engine = ChosenEngine(model, backend)
        engine.configure(0, EngineAddress())
        report = measure(engine, correct, planted, nats, lambda: progress.advance(bar))
    print_report({**report, "surprise": nats})
