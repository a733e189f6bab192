"""A model folder of 45 million parameters with random weights, so that a small bundled model
flatters no time.

It goes through the real exporter and so needs the ``export`` extra.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
from pathlib import Path

import torch

from engine.network.calibration import Calibration, read_calibration, write_calibration
from engine.network.checkpoint import save_checkpoint
from engine.network.config_file import read_model_config
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from engine.service.bundled import MINI
from export import onnx_export
from export.onnx_export import export_onnx


def make_random_model(folder: Path) -> Path:
    """Export it below ``folder`` unless it is there, made by the same exporter; the tokenizer is
    the bundled one."""
    exporter = Path(inspect.getfile(onnx_export)).parent
    made_by = hashlib.sha256(
        b"".join(path.read_bytes() for path in sorted(exporter.glob("*.py")))
    ).hexdigest()[:12]
    out = folder / f"random-45m-{made_by}"
    if not (out / "model.onnx").exists():
        _export(out)
    # The default rule is the bundled model's; what steps a random one needs means nothing.
    write_calibration(Calibration(steps=read_calibration(MINI).steps), out)
    return out


def _export(out: Path) -> None:
    bundled = read_model_config(MINI)
    config = ModelConfig(
        d_model=512,
        n_layers=11,
        n_heads=8,
        mlp_hidden_size=1408,
        vocab_size=bundled.vocab_size,
        mask_token_id=bundled.mask_token_id,
        eos_token_id=bundled.eos_token_id,
        bos_token_id=bundled.bos_token_id,
        expand_token_id=bundled.expand_token_id,
        delete_token_id=bundled.delete_token_id,
        reserved_token_ids=bundled.reserved_token_ids,
        weight_tying=True,
        context_attention="hidden",
    )
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    checkpoint = out.with_name(out.name + ".checkpoint")
    save_checkpoint(model, checkpoint, MINI / "tokenizer.json")
    export_onnx(checkpoint, out)
    shutil.rmtree(checkpoint)
