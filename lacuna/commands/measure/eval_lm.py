"""``lacuna eval lm``: tasks of lm-evaluation-harness."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import SupportsFloat

import msgspec
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from benchmarks.published.lm_harness import LacunaLM, LmOptions
from engine import Engine, find_model
from lacuna.errors import UserError


def evaluate_tasks(
    tasks: list[str],
    options: LmOptions,
    *,
    include: Path | None,
    limit: int | None,
    fewshot: int | None,
    unsafe_code: bool,
    model: Path | None,
    backend: str,
) -> None:
    """Print the harness's figures and, last, one JSON line."""
    if unsafe_code:
        os.environ["HF_ALLOW_CODE_EVAL"] = "1"  # what the metric of HumanEval asks for
    manager = TaskManager(include_path=None if include is None else str(include))
    if unknown := [task for task in tasks if not manager.match_tasks([task])]:
        raise UserError(
            f"There is no task {unknown[0]}; `lm-eval ls tasks` lists them, --include adds a "
            "folder of yours."
        )
    folder = find_model(model)
    with Engine(folder, backend) as engine:
        found = simple_evaluate(
            LacunaLM(engine, folder, options),
            tasks=manager.match_tasks(tasks),
            num_fewshot=fewshot,
            limit=limit,
            task_manager=manager,
            apply_chat_template=options.chat,
            confirm_run_unsafe_code=unsafe_code,
            log_samples=False,
        )
    assert found is not None, "only worker processes get nothing"
    report = {
        task: {
            name: float(value)
            for name, value in figures.items()
            if isinstance(value, SupportsFloat)
        }
        for task, figures in found["results"].items()
    }
    for task, figures in report.items():
        for name, value in figures.items():
            sys.stdout.write(f"{task:24} {name:32} {value:.4f}\n")
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
