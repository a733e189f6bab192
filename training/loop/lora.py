"""Low-rank adapters (LoRA, arXiv 2106.09685) by peft, for models too large to train whole.

Checkpoints hold the merged weights, so they load, export and run like any other.
"""

from __future__ import annotations

import peft
from torch import Tensor

from engine.base.structs import Config
from engine.network.model import MaskPredictor

_BASE, _DOWN, _UP = ".base_layer.", ".lora_A.default.", ".lora_B.default."


class LoraConfig(Config, kw_only=True, frozen=True):
    rank: int = 16
    alpha: int = 32
    """The update is scaled by alpha / rank."""
    modules: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "attn_out", "ff_proj", "up_proj")
    control_tokens: bool = False
    """Train the embedding beside the adapters: of a converted parent the rows of its control
    tokens alone, which its text never used (``training.examples.objective``)."""


def add_adapters(model: MaskPredictor, config: LoraConfig) -> None:
    """Put an adapter beside every named matrix of the blocks; no other matrix is trained."""
    model.requires_grad_(False)
    names = peft.LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules=list(config.modules),
        lora_dropout=0.0,
        bias="none",
    )
    peft.inject_adapter_in_model(names, model)
    if config.control_tokens:
        model.model.embedding.requires_grad_(True)


def merged(state: dict[str, Tensor], config: LoraConfig) -> dict[str, Tensor]:
    """Plain weights under their usual names: W + alpha / rank B A."""
    out = {
        name.replace(_BASE, "."): value
        for name, value in state.items()
        if _DOWN not in name and _UP not in name
    }
    for name, down in state.items():
        if _DOWN in name:
            target = name.replace(_DOWN, ".")
            update = state[name.replace(_DOWN, _UP)] @ down
            out[target] = out[target] + update.to(out[target].dtype) * (config.alpha / config.rank)
    return out
