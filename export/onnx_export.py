"""``lacuna export onnx``: a checkpoint becomes a model folder whose ONNX graph and torch share one
weights file.

The graph is traced without weights. They are read, rounded and written one after another, so that a
model larger than memory can be exported; only static activation scales and the choice of exempt
matrices need the model to run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import onnx
import torch
from rich.progress import track
from torch import Tensor

from engine.backends.interface import Batch
from engine.base.atomic_write import replaced_folder
from engine.network.checkpoint import load_checkpoint, read_tensors
from engine.network.config_file import dump_model_config, read_model_config
from engine.network.graph_io import NUM_CANDIDATES
from engine.network.model_config import ModelConfig
from export.activations import losses, static_scales
from export.artefact.folder import require_apart, require_replaceable
from export.artefact.manifest import write_manifest
from export.artefact.weights_file import write_weights
from export.canvases import canvases
from export.precision import PRECISION, Precision
from export.quantise import Quantiser, entries, storage_of, stored_tensors
from export.storage import stored
from export.trace import OPSET, trace, weight_shapes

CALIBRATION = 64
"""Canvases that static scales and losses are found on."""


def export_onnx(
    checkpoint: Path,
    out: Path,
    precision: str = "int8",
    texts: Sequence[str] = (),
    keep_float: int = 0,
    max_shard: int | None = None,
) -> dict[str, float]:
    """Write the model folder ``out`` (config, tokenizer, weights, graph, manifest); it appears
    whole or not at all.

    ``texts`` calibrate. ``keep_float`` matrices of the blocks, those whose rounding alone changes
    predictions most, stay as they are; what was measured of each (nats) is returned. Weights of
    more than ``max_shard`` bytes become several files.
    """
    if precision not in PRECISION:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(PRECISION)}.")
    chosen, config = PRECISION[precision], read_model_config(checkpoint)
    if keep_float and chosen.blocks == "float":
        raise ValueError(f"precision {precision} rounds nothing, so there is nothing to keep.")
    require_apart(checkpoint, out)
    plain = msgspec.structs.replace(config, weights_layout="out_in", weights_precision="float")
    if os.path.lexists(out):
        require_replaceable(out.resolve())  # at once, and not after minutes of measuring
    scales, measured = _measured(checkpoint, plain, chosen, texts, keep_float)
    kept = frozenset(sorted(measured, key=lambda name: -measured[name])[:keep_float])
    with replaced_folder(out, require_replaceable) as partial:
        shapes = weight_shapes(plain)
        found = _stored(checkpoint, config, shapes, chosen, kept)
        extents = write_weights(partial, entries(shapes, chosen, kept), found, max_shard)
        graph = trace(plain, chosen.dtype)
        Quantiser(shapes, chosen, extents, kept, scales).rewrite(graph)
        onnx.save(graph, str(partial / "model.onnx"))
        config = msgspec.structs.replace(
            plain, weights_layout="in_out", weights_precision=precision
        )
        (partial / "config.json").write_text(json.dumps(dump_model_config(config), indent=1) + "\n")
        if (checkpoint / "tokenizer.json").exists():
            shutil.copyfile(checkpoint / "tokenizer.json", partial / "tokenizer.json")
        write_manifest(partial, precision, OPSET, NUM_CANDIDATES, sorted(kept))
        if card := next(
            (p for p in (checkpoint / "README.md", out / "README.md") if p.exists()), None
        ):
            shutil.copyfile(card, partial / "README.md")
    sys.stderr.write(
        f"{out}: {precision}, {sum(f.stat().st_size for f in out.iterdir()) / 2**20:.1f} MiB\n"
    )
    return measured


def _measured(
    checkpoint: Path,
    config: ModelConfig,
    precision: Precision,
    texts: Sequence[str],
    keep_float: int,
) -> tuple[dict[str, float], dict[str, float]]:
    """Static scales and losses, as far as they are needed."""
    if not precision.calibrated and not keep_float:
        return {}, {}
    batches: list[Batch] = canvases(config, checkpoint, texts, CALIBRATION, seed=0)
    model = load_checkpoint(checkpoint, torch.float32)
    scales = static_scales(model, batches, precision.blocks) if precision.calibrated else {}
    return scales, losses(model, batches[:8], precision) if keep_float else {}


def _stored(
    checkpoint: Path,
    config: ModelConfig,
    shapes: Mapping[str, tuple[int, ...]],
    precision: Precision,
    kept: frozenset[str],
) -> Iterator[tuple[str, Tensor]]:
    """The checkpoint's tensors in their stored form."""
    shown = sys.stderr.isatty()
    for name, value in track(
        read_tensors(checkpoint, config), "weights", total=len(shapes), disable=not shown
    ):
        matrix = value.t() if value.dim() == 2 else value
        storage = storage_of(name, shapes[name], precision, kept)
        yield from stored_tensors(name, *stored(matrix, storage, precision.dtype))
