"""What every kind of training is set by."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engine.base.structs import Config
from training.loop.optim import OptimConfig


class LoopConfig(Config, kw_only=True, frozen=True):
    out: Path
    """Checkpoints, metrics and TensorBoard scalars go here."""
    tokenizer: Path
    steps: int
    seed: int = 1
    optim: OptimConfig = OptimConfig()
    init_from: Path | None = None
    """Start from these weights with fresh optimisers."""
    precision: Literal["auto", "bf16", "no"] = "auto"
    """``bf16`` is autocast over fp32 weights; ``auto`` chooses it where the machine multiplies it
    faster than fp32."""
    accumulate: int = 1
    """Micro-batches of a step, on every process."""
    checkpoint_activations: bool = False
    """Compute the inside of a block again in the backward pass instead of keeping it."""
    ema: float = 0.0
    """Decay of the averaged weights that checkpoints hold; 0: the weights themselves."""
    compile: bool = True
    save_every: int = 500
    evaluate_every: int = 500
    keep: int = 2
    """Checkpoints to keep."""
    sample_every: int = 0
    """Show fills of a few fixed blanks every so many steps; 0: never."""
    loader_workers: int | None = None
    """Processes that make batches ahead; by default none on a CPU and up to 12 beside a GPU."""
