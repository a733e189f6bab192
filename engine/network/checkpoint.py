"""Checkpoints in Hugging Face layout: ``config.json``, safetensors, ``tokenizer.json``. Imports
torch.

Loads public LLaDA checkpoints as they are, and the exported artefacts: there matrices lie as (in,
out), and quantised ones have a ``.scale`` beside them, so torch and the ONNX graph share one
weights file.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.base.atomic_write import replaced_folder
from engine.base.errors import CheckpointError
from engine.network.config_file import dump_model_config, read_model_config
from engine.network.model import MaskPredictor
from engine.network.model_config import ModelConfig
from engine.network.weights import SINGLE, WeightsFile, weight_files

SCALE = ".scale"
_TYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
}
_CHECKPOINT_FILES = frozenset(
    {SINGLE, "config.json", "tokenizer.json", "state.pt", "README.md", "calibration.json"}
)
_HEAD = "model.transformer.ff_out.weight"
"""Some tied checkpoints store the head all the same; it is the embedding again."""


def load_checkpoint(folder: Path, dtype: torch.dtype | None = None) -> MaskPredictor:
    """Load a model into memory; tensors keep their dtype unless ``dtype`` is given, quantised ones
    become fp32."""
    config = read_model_config(folder)
    # In memory weights are plain, whatever the file holds, and so they are saved again.
    plain = msgspec.structs.replace(config, weights_layout="out_in", weights_precision="float")
    with torch.device("meta"):
        model = MaskPredictor(plain)
    state = dict(read_tensors(folder, config))
    if dtype is not None:
        state = {name: value.to(dtype) for name, value in state.items()}
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Full name -> shape of every tensor of a checkpoint, matrices (out, in)."""
    with torch.device("meta"):
        state = MaskPredictor(config).state_dict()
    return {name: tuple(value.shape) for name, value in state.items()}


def read_tensors(folder: Path, config: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Full name and value of every tensor, one after another, matrices (out, in) and quantised ones
    as fp32.

    ``CheckpointError``, at the end at the latest, when they are not just those of ``config``.
    """
    expected = tensor_shapes(config)
    missing, unknown = dict.fromkeys(expected), set()
    for name, value in _restored_tensors(folder, config.weights_layout):
        if name not in expected:
            if not (config.weight_tying and name == _HEAD):
                unknown.add(name)
            continue
        if tuple(value.shape) != expected[name]:
            raise CheckpointError(
                f"{folder}: {name} has shape {tuple(value.shape)}, config.json asks for "
                f"{expected[name]}; "
                "config and weights belong to different models."
            )
        missing.pop(name, None)
        yield name, value
    if missing:
        raise CheckpointError(
            f"{folder} has no tensor {next(iter(missing))}; its config.json belongs to another "
            "model."
        )
    if unknown:
        raise CheckpointError(
            f"{folder} has an unknown tensor {min(unknown)}; this architecture is not supported."
        )


def _restored_tensors(folder: Path, layout: str) -> Iterator[tuple[str, Tensor]]:
    for path in weight_files(folder):
        weights = WeightsFile(path)
        for name in sorted(weights.entries):
            if name.endswith(SCALE):
                continue
            scale = read_tensor(weights, name + SCALE) if name + SCALE in weights.entries else None
            key = name if name.startswith("model.") else f"model.{name}"
            yield key, _restored(read_tensor(weights, name), scale, layout)


def read_tensor(weights: WeightsFile, name: str) -> Tensor:
    """One tensor of a file as it is stored."""
    entry = weights.entries[name]
    kind = _TYPES[entry.dtype]
    if not entry.length:
        return torch.empty(entry.shape, dtype=kind)
    return torch.frombuffer(weights.read(name), dtype=kind).reshape(entry.shape)


def save_checkpoint(model: MaskPredictor, folder: Path, tokenizer: Path | None = None) -> None:
    """Write a folder that ``load_checkpoint`` and other tools read; the folder appears whole or not
    at all."""
    save_state(model.state_dict(), model.config, folder, tokenizer)


def save_state(
    state: dict[str, Tensor], config: ModelConfig, folder: Path, tokenizer: Path | None = None
) -> None:
    """The same from whole tensors by name; ``ValueError`` when ``folder`` is there and is no
    checkpoint of ours."""
    with replaced_folder(folder, require_checkpoint) as partial:
        write_state(state, config, partial, tokenizer)


def write_state(
    state: dict[str, Tensor], config: ModelConfig, folder: Path, tokenizer: Path | None = None
) -> None:
    """Write the files of a checkpoint into an empty folder that is there."""
    state = {name: value.detach().contiguous().cpu() for name, value in state.items()}
    save_file(state, folder / SINGLE, metadata={"format": "pt"})
    (folder / SINGLE).chmod(0o644)
    (folder / "config.json").write_text(json.dumps(dump_model_config(config), indent=1) + "\n")
    if tokenizer is not None:
        shutil.copyfile(tokenizer, folder / "tokenizer.json")


def require_checkpoint(folder: Path) -> None:
    """``ValueError`` when ``folder`` holds anything but the files of a checkpoint that we wrote; an
    empty one holds none."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a checkpoint; choose another place.")
    there = sorted(os.listdir(folder))
    if foreign := [n for n in there if n not in _CHECKPOINT_FILES or not (folder / n).is_file()]:
        raise ValueError(
            f"{folder} holds {foreign[0]!r}, which is not part of a checkpoint; choose another "
            "place."
        )


def _restored(value: Tensor, scale: Tensor | None, layout: str) -> Tensor:
    if scale is not None:
        value = restored(value, scale)
    return value.t().contiguous() if layout == "in_out" and value.dim() == 2 else value


def restored(numbers: Tensor, scale: Tensor) -> Tensor:
    """The fp32 matrix (in, out) of its stored form (``export.storage``).

    Int8 and fp8 have one scale an output channel. Bytes hold two signed 4-bit numbers, the lower
    one first, with one scale (in / block, out) for a block of rows.
    """
    if scale.dim() == 1:
        return numbers.float() * scale.float()[None, :]
    halves = (
        torch.stack((numbers & 15, numbers >> 4), dim=-1).flatten(1).to(torch.int8)
    )  # (in, out)
    signed = torch.where(halves > 7, halves - 16, halves).float()
    return signed * scale.float().repeat_interleave(signed.shape[0] // scale.shape[0], dim=0)
