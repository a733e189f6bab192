"""Write safetensors files tensor by tensor, so that a model larger than memory can be exported.

The format: a header's length (8 bytes, little-endian), the header (JSON: name -> dtype, shape,
offsets), then the raw data. A model that is larger than a limit becomes several files with an
index, as Hugging Face's tools write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from engine.network.weights import INDEX, SINGLE

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


class Extent(NamedTuple):
    """Where a tensor was written."""

    file: str
    offset: int
    """Bytes from the start of the file."""
    length: int
    """Bytes."""


def write_weights(
    folder: Path,
    entries: Iterable[Entry],
    tensors: Iterator[tuple[str, Tensor]],
    max_shard: int | None = None,
) -> dict[str, Extent]:
    """Write ``tensors``, which must be just those of ``entries`` in any order; name -> extent.

    One file, or several of at most ``max_shard`` bytes of data and their index; ``ValueError``
    when a single tensor is larger than that.
    """
    shards = _shards(list(entries), max_shard)
    extents: dict[str, Extent] = {}
    headers: dict[str, bytes] = {}
    for number, shard in enumerate(shards, 1):
        several = f"model-{number:05}-of-{len(shards):05}.safetensors"
        file = SINGLE if len(shards) == 1 else several
        headers[file], begins = _header(shard)
        first = len(headers[file])
        extents |= {name: Extent(file, first + at, size) for name, (at, size) in begins.items()}
    missing = set(extents)
    with ExitStack() as stack:
        streams = {file: stack.enter_context((folder / file).open("wb")) for file in headers}
        for file, header in headers.items():
            streams[file].write(header)
        for name, value in tensors:
            extent = extents[name]
            raw = value.contiguous().reshape(-1).view(torch.uint8).numpy()
            assert raw.nbytes == extent.length, (
                f"{name} has {raw.nbytes} bytes, {extent.length} were announced"
            )
            streams[extent.file].seek(extent.offset)
            streams[extent.file].write(raw.data)
            missing.remove(name)
    assert not missing, f"{sorted(missing)} were announced and not written"
    if len(shards) > 1:
        total = sum(extent.length for extent in extents.values())
        weight_map = {name: extent.file for name, extent in extents.items()}
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n")
    return extents


def _shards(entries: list[Entry], max_shard: int | None) -> list[list[Entry]]:
    """The entries in order, in runs that are not larger than ``max_shard``."""
    shards, room = [list[Entry]()], max_shard or 0
    for entry in entries:
        size = _bytes(entry)
        if max_shard is not None:
            if size > max_shard:
                raise ValueError(
                    f"{entry[0]} alone has {size / 2**20:.1f} MiB; choose larger shards."
                )
            if size > room:
                shards, room = [*shards, []] if shards[-1] else shards, max_shard
            room -= size
        shards[-1].append(entry)
    return shards


def _bytes(entry: Entry) -> int:
    _, dtype, shape = entry
    return torch.Size(shape).numel() * dtype.itemsize


def _header(entries: list[Entry]) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """What stands in front of a file's data, and name -> (begin in the data, bytes)."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    begins: dict[str, tuple[int, int]] = {}
    end = 0
    for name, dtype, shape in entries:
        size = _bytes((name, dtype, shape))
        header[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(shape),
            "data_offsets": [end, end + size],
        }
        begins[name] = (end, size)
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNED)
    return len(text).to_bytes(8, "little") + text, begins
