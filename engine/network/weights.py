"""Read the safetensors files of a model folder: one file, or shards with an index. Torch-free.

The format (https://huggingface.co/docs/safetensors): the length of the header (8 bytes,
little-endian), the header (JSON: name -> dtype, shape, offsets), the raw data. Files come from
anywhere, so every number of the header is checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from engine.base.errors import CheckpointError
from engine.base.regular_file import decode_json, read_json, require_regular

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
MOST_HEADER = 100_000_000
"""Bytes of a header, as for the format's own reader."""
BYTES = dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1)
BYTES |= dict.fromkeys(("U16", "I16", "F16", "BF16"), 2) | dict.fromkeys(("U32", "I32", "F32"), 4)
BYTES |= dict.fromkeys(("U64", "I64", "F64"), 8)
"""Of one number."""
_FLOATS: dict[str, tuple[str, int]] = {
    "F8_E4M3": ("u1", 0x7F),
    "F8_E5M2": ("u1", 0x7C),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
    "F32": ("<u4", 0x7F80_0000),
    "F64": ("<u8", 0x7FF0_0000_0000_0000),
}
"""Type -> unsigned integer of its width, and the bits that are all set in what is not a number."""
_Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 48)]


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of ``folder``; ``CheckpointError`` names a missing shard."""
    index = folder / INDEX
    if not index.exists():
        if not (folder / SINGLE).exists():
            raise CheckpointError(f"{folder} has no {SINGLE}; fetch the checkpoint again.")
        return [folder / SINGLE]
    try:
        names = sorted(set(read_json(index)["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as exc:
        raise CheckpointError(
            f"{index} is not a weight index; fetch the checkpoint again."
        ) from exc
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise CheckpointError(
                f"{index} names a shard outside its folder; fetch the checkpoint again."
            )
        if not (folder / name).exists():
            raise CheckpointError(
                f"The shard {name} of {folder} is missing; fetch the checkpoint again."
            )
    return [folder / name for name in names]


@dataclass(frozen=True)
class TensorEntry:
    """Where a tensor lies in its file."""

    dtype: str
    """As the format names it: ``F32``, ``BF16``, ``I8`` ..."""
    shape: tuple[int, ...]
    offset: int
    """Bytes from the start of the file."""
    length: int
    """Bytes."""


class WeightsFile:
    """One safetensors file. Tensors are read into memory, never mapped: a mapped file that is cut
    short or replaced while it is in use ends the process (SIGBUS); one that is read is either whole
    or an error."""

    def __init__(self, path: Path) -> None:
        """``CheckpointError`` when the file is not a safetensors file or shorter than its header
        says."""
        self.path = path
        self.entries = tensor_entries(path)

    def read(self, name: str) -> bytearray:
        """The raw bytes of a tensor."""
        entry = self.entries[name]
        data = bytearray(entry.length)
        try:
            with self.path.open("rb") as stream:
                stream.seek(entry.offset)
                read = stream.readinto(data)
        except OSError as exc:
            raise CheckpointError(
                f"{self.path} cannot be read ({exc.strerror}); fetch the checkpoint again."
            ) from exc
        if read != entry.length:
            raise CheckpointError(
                f"{self.path} was cut short while it was read; fetch the checkpoint again."
            )
        return data


def read_weights(path: Path) -> bytes:
    """A whole weights file, its header checked against what was read."""
    end = max((entry.offset + entry.length for entry in tensor_entries(path).values()), default=0)
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise CheckpointError(
            f"{path} cannot be read ({exc.strerror}); fetch the checkpoint again."
        ) from exc
    if len(data) < end:
        raise CheckpointError(
            f"{path} was cut short while it was read; fetch the checkpoint again."
        )
    return data


def tensor_entries(path: Path) -> dict[str, TensorEntry]:
    """Name -> entry of every tensor; ``CheckpointError`` unless all of the header holds."""
    try:
        require_regular(path.stat(), path)
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            end = stream.seek(0, 2)
            if not 2 <= size <= min(MOST_HEADER, end - 8):
                raise ValueError("the header does not fit the file")
            stream.seek(8)
            header = decode_json(stream.read(size))
        if not isinstance(header, dict):
            raise ValueError("the header is not an object")
        return _entries(header, 8 + size, end)
    except (ValueError, OSError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise CheckpointError(
            f"{path} is damaged or cut short ({why}); fetch the checkpoint again."
        ) from exc


def _entries(header: dict[str, Any], begin: int, end: int) -> dict[str, TensorEntry]:
    """The entries of a header; ``ValueError`` where one does not fit the file, its type or its
    neighbours."""
    found: dict[str, TensorEntry] = {}
    for name, raw in header.items():
        if name == "__metadata__":
            continue
        try:
            entry = msgspec.convert(raw, _RawEntry)
        except msgspec.ValidationError as exc:
            raise ValueError(f"an entry of the header does not fit: {exc}") from exc
        if entry.dtype not in BYTES:
            raise ValueError(f"numbers of the type {entry.dtype[:20]!r} are unknown")
        first, last = entry.data_offsets
        if math.prod(entry.shape) * BYTES[entry.dtype] != last - first:
            raise ValueError(f"the shape of {name[:200]!r} does not fit its bytes")
        if begin + last > end:
            raise ValueError("it ends before its last tensor")
        found[name] = TensorEntry(entry.dtype, entry.shape, begin + first, last - first)
    at = begin
    for entry_ in sorted(found.values(), key=lambda one: (one.offset, one.length)):
        if entry_.offset != at:
            raise ValueError("tensors overlap or leave holes")
        at += entry_.length
    return found


class _RawEntry(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[_Size, _Size]


def require_finite(path: Path) -> None:
    """``CheckpointError`` names the first tensor of a file that holds a NaN or an infinity."""
    weights = WeightsFile(path)
    for name, entry in weights.entries.items():
        if entry.dtype in _FLOATS and not _finite(weights.read(name), entry.dtype):
            raise CheckpointError(
                f"{path}: {name} holds numbers that are not finite; fetch the checkpoint again."
            )


def _finite(data: bytearray, dtype: str) -> bool:
    """Nothing but numbers: a float is none where all bits of its exponent are set (fp8 e4m3:
    exponent and fraction)."""
    kind, mask = _FLOATS[dtype]
    bits = np.frombuffer(data, kind)
    step = 1 << 22  # so that the comparison takes little memory beside the tensor
    return not any(
        bool(((bits[at : at + step] & mask) == mask).any()) for at in range(0, len(bits), step)
    )
