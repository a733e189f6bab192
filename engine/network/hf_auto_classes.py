"""Lacuna's checkpoints in the ``transformers`` library: importing this module registers them with
its auto classes.

    import engine.network.hf_auto_classes
    model = transformers.AutoModel.from_pretrained(FOLDER)
    logits = model(input_ids, attention_mask).logits

Parameters keep the names of the public checkpoints, so one folder serves Lacuna, ``transformers``
and LLaDA's own code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import MaskedLMOutput

from engine.network.config_file import known_config_keys, parse_model_config
from engine.network.model import MaskPredictor
from engine.network.model_config import ModelConfig as LacunaConfig

IGNORED_LABEL = -100


class LladaConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """Holds the keys of LLaDA's ``config.json`` as attributes."""

    model_type = "llada"

    def model_config(self) -> LacunaConfig:
        """The same as Lacuna's own type; ``CheckpointError`` names a key that does not fit."""
        known = known_config_keys()
        return parse_model_config(
            {key: value for key, value in self.to_dict().items() if key in known}
        )


class LladaModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """The mask predictor behind the interface of ``transformers``; full attention, no cache."""

    config_class = LladaConfig
    base_model_prefix = "model"
    _no_split_modules = ["Block"]
    _supports_sdpa = True

    def __init__(self, config: LladaConfig) -> None:
        super().__init__(config)
        predictor = MaskPredictor(config.model_config())
        self.model = predictor.model
        self._predict: Callable[[Tensor, Tensor | None], Tensor] = (
            predictor.forward
        )  # a method is not a second submodule
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Module:
        embedding: nn.Module = self.model.transformer["wte"]
        return embedding

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        **ignored: Any,
    ) -> MaskedLMOutput:
        """Logits (B, S, V); with ``labels`` the mean cross-entropy over those that are not -100."""
        seen = None if attention_mask is None else attention_mask.bool()
        logits = self._predict(input_ids, seen)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(
                logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED_LABEL
            )
        return MaskedLMOutput(loss=loss, logits=logits)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            torch.nn.init.normal_(module.weight, 0.0, 0.02)


AutoConfig.register("llada", LladaConfig, exist_ok=True)
AutoModel.register(LladaConfig, LladaModel, exist_ok=True)
AutoModelForMaskedLM.register(LladaConfig, LladaModel, exist_ok=True)
