"""What a machine multiplies fastest, and runs that compute in it."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState


def usual_precision() -> str:
    """``bf16`` beside a GPU and on processors that have it; elsewhere it is emulated, ten times
    slower than fp32."""
    processor = torch.cpu.get_capabilities()
    native = torch.cuda.is_available() or processor.get("avx512_bf16") or processor.get("amx_bf16")
    return "bf16" if native else "no"


def accelerator_of(precision: str) -> Accelerator:
    """A new accelerator; ``auto`` is the usual precision.

    accelerate keeps the precision of a process's first run and has no public way to forget it; here
    every run has its own.
    """
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision=usual_precision() if precision == "auto" else precision)
