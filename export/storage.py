"""Matrices as an artefact stores them: rounded to 8 or 4 bits with their scales. Matrices are (in,
out)."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 32
"""Inputs that share a scale in 4 bits."""
COLUMNS = 16_384
"""Outputs that are rounded at a time."""
TOP = {"int8": 127.0, "fp8": float(torch.finfo(torch.float8_e4m3fn).max)}
"""The largest number that 8 bits hold."""
_SMALLEST = 1e-8


def stored(matrix: Tensor, storage: str, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
    """The numbers and their scales (both contiguous); ``float`` has none. Symmetric: zero stays
    zero."""
    if storage == "float":
        return matrix.to(dtype).contiguous(), None
    if (
        matrix.shape[1] > COLUMNS
    ):  # the embedding of a large vocabulary, which would take gigabytes more in fp32
        parts = [stored(part, storage, dtype) for part in torch.split(matrix, COLUMNS, dim=1)]
        scales = [scale for _, scale in parts if scale is not None]
        return torch.cat([numbers for numbers, _ in parts], dim=1), torch.cat(scales, dim=-1)
    wide = matrix.float()
    if storage == "int4":
        return _four_bits(wide, dtype)
    top = TOP[storage]
    scale = (wide.abs().amax(0) / top).clamp_min(_SMALLEST).to(dtype)
    scaled = wide / scale.float()
    if storage == "int8":
        return scaled.round().clamp(-top, top).to(torch.int8).contiguous(), scale
    return scaled.clamp(-top, top).to(torch.float8_e4m3fn).contiguous(), scale


def _four_bits(wide: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    rows, columns = wide.shape
    if rows % BLOCK or columns % 2:
        raise ValueError(
            f"A matrix of {rows} x {columns} cannot be stored in 4 bits; its inputs must be a "
            f"multiple of {BLOCK}."
        )
    blocks = wide.reshape(rows // BLOCK, BLOCK, columns)
    scale = (blocks.abs().amax(1) / 7).clamp_min(_SMALLEST).to(dtype)  # (in / 32, out)
    numbers = (
        (blocks / scale.float()[:, None]).round().clamp(-7, 7).to(torch.int8).reshape(rows, columns)
    )
    halves = (numbers & 15).to(torch.uint8)
    return (halves[:, 0::2] | halves[:, 1::2] << 4).contiguous(), scale
