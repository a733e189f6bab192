"""Read the safetensors files of a model folder: one file, or shards with an index; memory-mapped, no second copy.

Torch-free: tensors come out as numpy views (bfloat16, which numpy lacks, as uint16 with the name of its dtype).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from engine.base.errors import CheckpointError

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of ``folder``; ``CheckpointError`` names a missing shard."""
    index = folder / INDEX
    if not index.exists():
        if not (folder / SINGLE).exists():
            raise CheckpointError(f"{folder} has no {SINGLE}; fetch the checkpoint again.")
        return [folder / SINGLE]
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (json.JSONDecodeError, KeyError, AttributeError, UnicodeDecodeError) as exc:
        raise CheckpointError(f"{index} is not a weight index; fetch the checkpoint again.") from exc
    for name in names:
        if not (folder / name).exists():
            raise CheckpointError(f"The shard {name} of {folder} is missing; fetch the checkpoint again.")
    return [folder / name for name in names]


@contextmanager
def open_weights(path: Path, framework: str) -> Iterator[Any]:
    """A safetensors handle; a truncated or foreign file is a ``CheckpointError``."""
    try:
        with safe_open(str(path), framework=framework) as handle:
            yield handle
    except SafetensorError as exc:
        raise CheckpointError(f"{path} is damaged or cut short ({exc}); fetch the checkpoint again.") from exc


def tensor_offsets(path: Path) -> dict[str, dict[str, Any]]:
    """Name -> {dtype, shape, offset, length} with offsets from the start of the file, for external references."""
    try:
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            if size > 100_000_000:
                raise ValueError("header too large")
            header: dict[str, Any] = json.loads(stream.read(size))
        end = path.stat().st_size
    except (ValueError, OSError) as exc:
        raise CheckpointError(f"{path} is not a safetensors file; fetch the checkpoint again.") from exc
    offsets = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        if 8 + size + last > end:
            raise CheckpointError(f"{path} is cut short; fetch the checkpoint again.")
        offset = 8 + size + first
        offsets[name] = {"dtype": entry["dtype"], "shape": entry["shape"], "offset": offset, "length": last - first}
    return offsets
