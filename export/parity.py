"""Is an artefact the same model? The same canvases through torch and through it: predictions, then
whole fills.

Torch runs the checkpoint that the artefact was made from in fp32; without it the artefact's own
weights, dequantised, which judges the graph and the arithmetic but not the rounding of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.backends.interface import Predictions
from engine.backends.loading import load_backend
from engine.backends.torch.backend import TorchBackend
from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from engine.network.model_files import MANIFEST, check_model
from engine.request.messages import FillRequest, SamplerOptions, Span
from engine.service.core import Engine
from engine.text.tokenizer import TextTokenizer
from export.canvases import SLOTS, canvases

LIMITS = {
    "float": {"max_log_prob_difference": 1e-4},
    "bf16": {"top1_agreement": 0.99},
    "fp16": {"top1_agreement": 0.99},
    "int8": {"top1_agreement": 0.98, "exact_match_difference": -0.5},
    "int8-static": {"top1_agreement": 0.95},
    "int8-gpu": {"top1_agreement": 0.95},
    "fp8": {"top1_agreement": 0.95},
    "int4": {"top1_agreement": 0.9},
    "int4-gpu": {"top1_agreement": 0.9},
}
"""What an artefact of a precision must reach; differences of exact match, where measured, are in
percentage points."""


def check_files(folder: Path) -> None:
    """``CheckpointError`` names the first file that is not as the manifest says; a folder without
    one is not an export."""
    if not (folder / MANIFEST).exists():
        raise CheckpointError(
            f"{folder} has no readable manifest.json; it is not what `lacuna export` writes."
        )
    check_model(folder, again=True)


def compare(
    folder: Path, checkpoint: Path | None, count: int, texts: Sequence[str], seed: int
) -> dict[str, float | int | str]:
    """Figures of ``folder`` against torch over canvases, and of whole fills of ``texts`` (one blank
    in each)."""
    config = read_model_config(folder)
    original = read_model_config(checkpoint) if checkpoint else config
    if (original.d_model, original.n_layers, original.embedding_rows) != (
        config.d_model,
        config.n_layers,
        config.embedding_rows,
    ):
        raise CheckpointError(f"{checkpoint} is another model than {folder}.")
    reference = TorchBackend(
        load_checkpoint(checkpoint or folder, torch.float32).eval(), torch.device("cpu")
    )
    artefact = load_backend("onnx", folder)
    same, worst, differences = 0, 0.0, []
    for batch in canvases(config, folder, texts, count, seed):
        ours, theirs = artefact.predict(batch), reference.predict(batch)
        same += int((ours.token_ids[..., 0] == theirs.token_ids[..., 0]).sum())
        differences.append(_difference(ours, theirs))
        worst = max(worst, float(differences[-1].max()))
    report: dict[str, float | int | str] = {
        "precision": config.weights_precision,
        "places": count * SLOTS,
        "top1_agreement": round(same / (count * SLOTS), 4),
        "max_log_prob_difference": worst if worst < 1e-3 else round(worst, 4),
        "mean_log_prob_difference": round(float(np.mean(differences)), 6),
    }
    if texts and (folder / "tokenizer.json").exists():
        report |= _fills(folder, reference, texts)
    return report


def reference_engine(folder: Path, checkpoint: Path | None) -> Engine:
    """Torch in fp32 with the tokenizer and the calibration of the artefact."""
    reference = TorchBackend(
        load_checkpoint(checkpoint or folder, torch.float32).eval(), torch.device("cpu")
    )
    tokenizer = TextTokenizer(folder / "tokenizer.json")
    return Engine.with_backend(read_model_config(folder), tokenizer, reference)


def shortfalls(report: dict[str, float | int | str]) -> list[str]:
    """What the artefact misses, one sentence each."""
    found = []
    for name, limit in LIMITS[str(report["precision"])].items():
        if name not in report:
            continue
        value = float(report[name])
        if (value > limit) if name.startswith("max") else (value < limit):
            found.append(f"{name} is {value}, the limit is {limit}")
    return found


def _difference(ours: Predictions, theirs: Predictions) -> np.ndarray:
    """Absolute differences of the log-probabilities of the same tokens: the targets, and the best
    one."""
    best = np.abs(ours.log_probs[..., 0] - theirs.log_probs[..., 0])
    found: np.ndarray = np.maximum(best, np.abs(ours.target_log_probs - theirs.target_log_probs))
    return found


def _fills(folder: Path, reference: TorchBackend, texts: Sequence[str]) -> dict[str, float | int]:
    equal = 0
    with (
        Engine(folder, "onnx") as engine,
        Engine.with_backend(engine.config, engine.tokenizer, reference) as other,
    ):
        for text in texts:
            at = len(text) // 2
            span = Span(start=at, end=at, tokens=6, single_line=True)
            request = FillRequest(
                text=text, spans=(span,), copies=False, sampler=SamplerOptions(repairs=0)
            )
            equal += engine.fill(request).spans[0].text == other.fill(request).spans[0].text
    return {"fills": len(texts), "same_fills": round(equal / len(texts), 4)}
