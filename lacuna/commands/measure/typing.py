"""``lacuna eval typing``: what is shown to somebody who types, and how much of it is right."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.quality.typed_cases import measure, typed_cases
from benchmarks.speed.language_server import CAPABILITIES
from benchmarks.speed.lsp_client import LspClient
from engine import find_model
from engine.network.config_file import read_model_config
from lacuna.commands.measure.evaluate import held_out
from lacuna.commands.measure.report import print_report, progress_bar
from lacuna.errors import UserError


def typing(data: Path, count: int, language: str, seed: int, model: Path | None) -> None:
    """Carry out the command."""
    cases = typed_cases(held_out(data), count, seed)
    if not cases:
        raise UserError(f"{data} holds no line that is long enough; name more text.")
    read_model_config(find_model(model))  # a server would only log what is wrong with it
    command = [sys.executable, "-E", "-P", "-m", "lacuna", "lsp"]
    command += ["--model", str(model)] if model else []
    with progress_bar() as progress:
        bar = progress.add_task("typing", total=len(cases))
        client = LspClient(CAPABILITIES, command=command)
        try:
            client.wait_until_ready()
            report = measure(client, cases, language, lambda: progress.advance(bar))
        finally:
            client.close()
    print_report(report)
