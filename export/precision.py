"""What an artefact computes in and how its weights file stores matrices."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Precision:
    """Storage is ``float`` (as ``dtype``), ``int8`` or ``fp8`` (one scale an output channel), or
    ``int4`` (one scale a block of 32 inputs). Activations are ``float``, ``row`` (8 bits, one scale
    a row, found as it comes) or ``static`` (8 bits, one scale a matrix, found beforehand)."""

    dtype: torch.dtype
    blocks: str = "float"
    """Storage of the matrices of the transformer blocks."""
    ends: str = "float"
    """Storage of embedding and head."""
    activations: str = "float"
    cpu: bool = True
    """Made for the CPU: products of integers by one operator of onnxruntime, not by quantise and
    dequantise nodes."""

    @property
    def calibrated(self) -> bool:
        return self.activations == "static"


PRECISION = {
    "float": Precision(torch.float32),
    "int8": Precision(torch.float32, "int8", "int8", "row"),
    "int8-static": Precision(torch.float32, "int8", "int8", "static"),
    "int4": Precision(torch.float32, "int4", "int8", "row"),
    "bf16": Precision(torch.bfloat16, cpu=False),
    "fp16": Precision(torch.float16, cpu=False),
    "int8-gpu": Precision(torch.float16, "int8", activations="static", cpu=False),
    "fp8": Precision(torch.float16, "fp8", activations="static", cpu=False),
    "int4-gpu": Precision(torch.float16, "int4", cpu=False),
}
"""By the name that ``--precision`` and ``config.json`` use."""
