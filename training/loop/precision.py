"""What a machine multiplies fastest."""

from __future__ import annotations

import torch


def usual_precision() -> str:
    """``bf16`` beside a GPU and on processors that have it; elsewhere it is emulated, ten times
    slower than fp32."""
    processor = torch.cpu.get_capabilities()
    native = torch.cuda.is_available() or processor.get("avx512_bf16") or processor.get("amx_bf16")
    return "bf16" if native else "no"
