"""Checkpoints of a run: weights, optimiser state, step; atomic, pruned, and found again after a kill at any moment."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from engine.checkpoint import save_checkpoint
from engine.model import MaskPredictor


def save_run(
    folder: Path,
    step: int,
    model: MaskPredictor,
    optimizers: list[torch.optim.Optimizer],
    tokenizer: Path,
    extra: dict[str, Any],
    keep: int = 2,
) -> Path:
    """Write ``folder/step-NNNNNNN`` and prune all but the last ``keep`` steps."""
    target = folder / f"step-{step:07d}"
    partial = folder / f"step-{step:07d}.writing"
    shutil.rmtree(partial, ignore_errors=True)
    save_checkpoint(model, partial, tokenizer)
    states = [optimizer.state_dict() for optimizer in optimizers]
    torch.save({"step": step, "optimizers": states, "extra": extra}, partial / "state.pt")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    for old in sorted(folder.glob("step-???????"))[:-keep]:
        shutil.rmtree(old)
    return target


def last_run_state(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run, if any."""
    steps = sorted(folder.glob("step-???????"))
    return steps[-1] if steps else None


def load_state(checkpoint: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(checkpoint / "state.pt", map_location="cpu", weights_only=True)
    return state
