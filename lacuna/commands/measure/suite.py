"""``lacuna eval suite``: every quality figure, a page of them, and a stopped run that goes on."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from rich.progress import TaskID

from benchmarks.quality.report import write_report
from benchmarks.quality.suite import Sources, run_suite
from engine import Engine, find_model
from lacuna.commands.measure.evaluate import require_sandbox_or_flag
from lacuna.commands.measure.report import progress_bar
from lacuna.errors import UserError

RESULTS = "results.json"


def suite(
    sources: Sources, out: Path, cases: int, seed: int, model: Path | None, backend: str
) -> None:
    """Carry out the command."""
    if not any((sources.python, sources.markdown, sources.prose, sources.humaneval)):
        raise UserError(
            "There is nothing to measure; name held-out files, for instance --python "
            "VALIDATION.jsonl.zst."
        )
    if cases < 20:
        raise UserError(f"--cases {cases} is too few for bounds; use 20 or more.")
    if sources.humaneval is not None:
        require_sandbox_or_flag()
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = find_model(model)
        with Engine(folder, backend) as engine, progress_bar() as progress:
            bars: dict[str, TaskID] = {}

            def advance(name: str, done: int, total: int) -> None:
                if name not in bars:
                    bars[name] = progress.add_task(name, total=total)
                progress.update(bars[name], completed=done)

            results = run_suite(
                engine, _weights(folder), sources, cases, seed, out / RESULTS, advance
            )
    except (OSError, ValueError) as exc:
        raise UserError(f"{exc}; name another --out or other files.") from exc
    for path in [out / RESULTS, *write_report(results, out)]:
        sys.stdout.write(f"{path}\n")


def _weights(folder: Path) -> str:
    """A hash that tells two trainings of one model apart."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
