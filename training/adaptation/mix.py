"""Weights between those of a parent and those of a run that started from it.

A mean of both often keeps what the run learnt and loses less of what the parent knew about text
that the run never saw (WiSE-FT, arXiv 2109.01903, section 3).
"""

from __future__ import annotations

from pathlib import Path

import torch

from engine.network.checkpoint import load_checkpoint, save_checkpoint
from training.convert.parent import EMBEDDING


def mix(parent: Path, trained: Path, share: float, out: Path) -> None:
    """Write ``parent`` + ``share`` x (``trained`` - ``parent``) as a checkpoint with the tokenizer
    of ``trained``.

    The rows of the control tokens are those of ``trained``: the parent never used them.
    Raises ``ValueError`` for a share outside 0 to 1, and for checkpoints of two shapes.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"The share {share} is not between 0, the parent, and 1, the trained one.")
    first, second = (load_checkpoint(folder, torch.float32) for folder in (parent, trained))
    if first.config != second.config:
        raise ValueError(f"{parent} and {trained} are not of one shape; mix a run with its parent.")
    config, weights = second.config, second.state_dict()
    control = list(config.taught_ids)
    rows = weights[EMBEDDING][control].clone()
    for name, value in first.state_dict().items():
        weights[name].copy_(torch.lerp(value, weights[name], share))
    weights[EMBEDDING][control] = rows
    save_checkpoint(second, out, trained / "tokenizer.json")
