"""Write a safetensors file tensor by tensor, so that a model larger than memory can be exported.

The format: a header's length (8 bytes, little-endian), the header (JSON: name -> dtype, shape,
offsets), then the raw data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

_NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.int8: "I8",
    torch.uint8: "U8",
}
_ALIGNED = 64
"""Bytes that the data begins at a multiple of."""

Entry = tuple[str, torch.dtype, tuple[int, ...]]


def write_weights(
    path: Path, entries: Iterable[Entry], tensors: Iterator[tuple[str, Tensor]]
) -> dict[str, tuple[int, int]]:
    """Write ``tensors``, which must be just those of ``entries`` in any order; name -> (offset in
    the file, bytes)."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    begins: dict[str, tuple[int, int]] = {}
    end = 0
    for name, dtype, shape in entries:
        size = torch.Size(shape).numel() * dtype.itemsize
        header[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(shape),
            "data_offsets": [end, end + size],
        }
        begins[name] = (end, size)
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNED)
    first = 8 + len(text)
    missing = set(begins)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for name, value in tensors:
            offset, size = begins[name]
            raw = value.contiguous().reshape(-1).view(torch.uint8).numpy()
            assert raw.nbytes == size, f"{name} has {raw.nbytes} bytes, {size} were announced"
            stream.seek(first + offset)
            stream.write(raw.data)
            missing.remove(name)
    assert not missing, f"{sorted(missing)} were announced and not written"
    return {name: (first + offset, size) for name, (offset, size) in begins.items()}
