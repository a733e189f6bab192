"""Optimisers and learning-rate schedule.

Muon (orthogonalised momentum, Jordan et al., 2024) for the matrices of the blocks, AdamW for
embeddings, head and norms; or AdamW for all, the plain choice of LLaDA. The schedule is warm-up,
constant, linear decay (WSD; LLaDA, section 2.2).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch

from engine.base.structs import Config
from engine.network.model import MaskPredictor


class OptimConfig(Config, kw_only=True, frozen=True):
    kind: Literal["muon", "adamw"] = "muon"
    learning_rate: float = 3e-3
    """Of AdamW."""
    control_learning_rate: float | None = None
    """Of the control tokens' rows where the rest of the embedding is frozen; they begin at a mean
    that no text uses. ``None``: like the others."""
    muon_learning_rate: float = 0.02
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    schedule: Literal["wsd", "cosine"] = "wsd"
    """``wsd``: constant, then linear decay; ``cosine``: half a cosine from the end of the warm-up
    on."""
    warmup: float = 0.02
    """Share of the run that warms up."""
    decay: float = 0.25
    """Share of the run, at its end, that decays linearly (``wsd``)."""
    final: float = 0.02
    """Learning rate at the end, as a share of the constant one."""


def make_optimizers(model: MaskPredictor, config: OptimConfig) -> list[torch.optim.Optimizer]:
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        in_block = ".blocks." in name and parameter.dim() == 2
        (matrices if in_block and config.kind == "muon" else others).append(parameter)
    # Decay would shrink the rows of an embedding that is frozen but for its control tokens.
    frozen = model.model.embedding if model.config.context_attention == "causal" else None
    decayed = [p for p in others if p.dim() >= 2 and p is not frozen]
    plain = [p for p in others if p.dim() < 2 or p is frozen]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    if frozen is not None and config.control_learning_rate is not None:
        groups[1]["params"] = [p for p in plain if p is not frozen]
        control = {"params": [frozen], "weight_decay": 0.0, "lr": config.control_learning_rate}
        groups.append(control)
    adamw = torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas)
    if not matrices:
        return [adamw]
    muon = torch.optim.Muon(
        matrices, lr=config.muon_learning_rate, weight_decay=config.weight_decay
    )
    return [muon, adamw]


def learning_rate_factor(progress: float, config: OptimConfig) -> float:
    """Learning-rate factor at ``progress`` in [0, 1]."""
    if progress < config.warmup:
        return progress / config.warmup
    if config.schedule == "cosine":
        done = (progress - config.warmup) / (1.0 - config.warmup)
        return config.final + (1.0 - config.final) * 0.5 * (1.0 + math.cos(math.pi * done))
    left = (1.0 - progress) / config.decay if config.decay else 1.0
    return min(1.0, config.final + (1.0 - config.final) * max(0.0, left))
