"""``lacuna models``: the model folders that come with the package, or one that is named; are their
files whole?"""

from __future__ import annotations

import sys
from pathlib import Path

from engine import BUNDLED
from engine.base.errors import CheckpointError
from engine.network.config_file import read_model_config
from engine.network.model_files import check_model


def list_models(model: Path | None) -> None:
    """Print a line for every folder."""
    for folder in _folders(model):
        try:
            config = read_model_config(folder)
        except CheckpointError:
            if model is not None:
                raise
            continue
        size = sum(f.stat().st_size for f in folder.iterdir()) / 2**20
        parameters = config.embedding_rows * config.d_model * (1 if config.weight_tying else 2)
        kv = 2 * config.kv_heads * config.head_dim + 2 * config.d_model
        parameters += config.n_layers * config.d_model * (kv + 3 * config.mlp_hidden_size)
        stored = (
            f"{config.weights_precision:5}  context {config.max_sequence_length}  {size:5.1f} MiB"
        )
        sys.stdout.write(
            f"{folder.name:16} {parameters / 1e6:6.1f} M parameters  {stored}  {folder}\n"
        )


def check_models(model: Path | None) -> None:
    """Compare every byte with the manifests; ``CheckpointError`` names the first file that
    differs."""
    for folder in _folders(model):
        read_model_config(folder)
        check_model(folder, again=True)
        sys.stdout.write(f"{folder.name:16} whole\n")


def _folders(model: Path | None) -> list[Path]:
    return (
        [model]
        if model is not None
        else sorted(path for path in BUNDLED.parent.iterdir() if path.is_dir())
    )
