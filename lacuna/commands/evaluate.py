"""``lacuna eval infill``: exact match on cut-out text of held-out documents."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from benchmarks.infill_cases import cut_cases, read_documents
from benchmarks.quality import judge, summarise
from engine import Engine
from lacuna.errors import UserError


def infill(data: Path, kind: str, cases: int, seed: int, show: int, model: Path | None, backend: str) -> None:
    """Print ``show`` cases, a table and, last, one JSON line."""
    if kind not in ("line", "piece"):
        raise UserError(f"--kind {kind} is not one of line, piece.")
    try:
        documents = read_documents(data)
    except (OSError, ValueError) as exc:
        raise UserError(f"{data} cannot be read as held-out documents: {exc}.") from exc
    chosen = cut_cases(documents, kind, cases, seed)
    if not chosen:
        raise UserError(f"{data} holds no text to cut; name a validation shard.")
    with Engine(model, backend) as engine:
        console = Console(stderr=True)
        bar = track(chosen, "evaluating", console=console, disable=not console.is_terminal)
        outcomes = [judge(engine, case) for case in bar]
    for case, outcome in zip(chosen[:show], outcomes, strict=False):
        before, after = case.line
        sys.stdout.write(f"{case.group}/{case.path}: {before.lstrip()}[{case.answer}]{after}  ->  [{outcome.answer}]\n")
    report = summarise(outcomes, kind, seed)
    for name, value in report.items():
        sys.stdout.write(f"{name:32} {value}\n")
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
