"""The shape of a mask predictor, read from the ``config.json`` of a checkpoint.

Field names are those of the public LLaDA checkpoints, so their ``config.json`` loads as it is. Keys
that LLaDA knows but that have one supported value are checked; unknown keys are refused, because a
misspelt key would silently change the model.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.base.errors import CheckpointError
from engine.base.regular_file import read_json
from engine.base.structs import Config
from engine.network.special_tokens import special_ids

PRECISIONS = ("float", "int8", "int8-static", "int4", "bf16", "fp16", "int8-gpu", "fp8", "int4-gpu")
"""``float`` is what a checkpoint has. ``export.precision`` describes the others."""
CONFIG_BYTES = 1 << 20
MOST = {
    "d_model": 1 << 16,
    "n_layers": 1 << 10,
    "n_heads": 1 << 10,
    "n_kv_heads": 1 << 10,
    "vocab_size": 1 << 22,
    "embedding_size": 1 << 22,
    "mlp_hidden_size": 1 << 18,
    "max_sequence_length": 1 << 24,
}
"""Several times what the largest published models have; beyond that a number is damage, and would
take all memory."""


class ModelConfig(Config, kw_only=True, frozen=True):
    """Architecture and special ids of a mask predictor."""

    d_model: int
    n_layers: int
    n_heads: int
    vocab_size: int
    mlp_hidden_size: int
    mask_token_id: int
    eos_token_id: int
    n_kv_heads: int = 0
    """Key and value heads; 0 means as many as ``n_heads``."""
    embedding_size: int = 0
    """Rows of the embedding matrix, at least ``vocab_size``; 0 means equal to it."""
    max_sequence_length: int = 1024
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-5
    weight_tying: bool = False
    include_bias: bool = False
    include_qkv_bias: bool = False
    scale_logits: bool = False
    causal: bool = False
    """True only for the autoregressive baseline."""
    bos_token_id: int | None = None
    pad_token_id: int | None = None
    eot_token_id: int | None = None
    """End of a turn of a dialogue (instruct checkpoints)."""
    expand_token_id: int | None = None
    """Control token: one mask becomes two (DreamOn, arXiv 2602.01326)."""
    delete_token_id: int | None = None
    """Control token: a mask goes away (DreamOn)."""
    reserved_token_ids: tuple[int, ...] = ()
    """Ids that are never emitted."""
    context_attention: Literal["full", "hidden", "causal"] = "full"
    """What the context attends to: everything (LLaDA); everything but the spans (trained so that a
    context encoded without them is exact); or, within its own stretch between two spans, what
    stands before (as an autoregressive parent)."""
    predicts: Literal["here", "next"] = "here"
    """Whether the row at a place predicts that place (LLaDA) or the one behind it (autoregressive
    parents)."""
    start_token_id: int | None = None
    """Begins a stretch of context at a text's beginning (causal context)."""
    gap_token_id: int | None = None
    """Begins every other stretch."""
    span_end_token_id: int | None = None
    """Ends an answer in its causal reading."""
    weights_layout: str = "out_in"
    """``out_in`` as torch and LLaDA store matrices, ``in_out`` as the exported artefacts store
    them."""
    weights_precision: str = "float"
    """How the weights file stores matrices and, for artefacts, what their graph computes in: one of
    ``PRECISIONS``."""

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            least = 0 if name in ("n_kv_heads", "embedding_size") else 1
            if not least <= getattr(self, name) <= most:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, not a number from {least} to {most}"
                )
        for name in ("rope_theta", "rms_norm_eps"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} is {getattr(self, name)}, not a positive number")
        if self.d_model % self.n_heads:
            raise ValueError(f"d_model {self.d_model} is not a multiple of n_heads {self.n_heads}")
        if self.n_kv_heads and self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads {self.n_heads} is not a multiple of n_kv_heads {self.n_kv_heads}"
            )
        if self.weights_layout not in ("out_in", "in_out"):
            raise ValueError(f"weights_layout is {self.weights_layout!r}, not out_in or in_out")
        if self.weights_precision not in PRECISIONS:
            raise ValueError(
                f"weights_precision is {self.weights_precision!r}, not one of "
                f"{', '.join(PRECISIONS)}"
            )
        if self.context_attention == "causal" and (
            self.start_token_id is None or self.gap_token_id is None
        ):
            raise ValueError(
                "context_attention is causal, which needs start_token_id and gap_token_id"
            )
        if not 0 <= self.mask_token_id < self.embedding_rows:
            raise ValueError(
                f"mask_token_id {self.mask_token_id} lies outside the vocabulary of "
                f"{self.embedding_rows}"
            )
        if self.embedding_rows < self.vocab_size:
            raise ValueError(
                f"embedding_size {self.embedding_size} is less than vocab_size {self.vocab_size}"
            )
        for i in self.unspeakable_ids:
            if not 0 <= i < self.embedding_rows:
                raise ValueError(
                    f"the special id {i} lies outside the vocabulary of {self.embedding_rows}"
                )

    @property
    def kv_heads(self) -> int:
        return self.n_kv_heads or self.n_heads

    @property
    def head_dim(self) -> int:
        return self.d_model // self.n_heads

    @property
    def embedding_rows(self) -> int:
        return self.embedding_size or self.vocab_size

    @property
    def control_ids(self) -> tuple[int, ...]:
        """The control tokens this model was trained with, none for a plain LLaDA."""
        return tuple(i for i in (self.expand_token_id, self.delete_token_id) if i is not None)

    @property
    def end_ids(self) -> tuple[int, ...]:
        """End of text and, where there is one, end of turn."""
        return (
            (self.eos_token_id,)
            if self.eot_token_id is None
            else (self.eos_token_id, self.eot_token_id)
        )

    def until_end(self, ids: Sequence[int]) -> list[int]:
        """The ids before the first end token."""
        return list(takewhile(lambda token: token not in self.end_ids, ids))

    @property
    def unspeakable_ids(self) -> tuple[int, ...]:
        """Ids that an answer may never contain: mask, control, begin, end, padding and reserved
        ids."""
        special = (self.mask_token_id, *self.end_ids, self.bos_token_id, self.pad_token_id)
        stretch = (self.start_token_id, self.gap_token_id, self.span_end_token_id)
        ids = (*special, *stretch, *self.control_ids, *self.reserved_token_ids)
        return tuple(sorted({i for i in ids if i is not None}))

    @property
    def context_hidden_from_span(self) -> bool:
        """Whether a context encoded without the spans is exact by training."""
        return self.context_attention == "hidden"


# LLaDA's config.json holds keys that describe its training code. These must have the value that
# this model implements.
_ONE_VALUE: dict[str, tuple[object, ...]] = {
    "block_type": ("llama",),
    "activation_type": ("silu", "swiglu"),
    "layer_norm_type": ("rms",),
    "layer_norm_with_affine": (True,),
    "bias_for_layer_norm": (False, None),
    "attention_layer_norm": (False,),
    "input_emb_norm": (False,),
    "rope": (True,),
    "rope_full_precision": (True,),
    "alibi": (False,),
    "block_group_size": (1,),
    "multi_query_attention": (False, None),
}

_MODEL_TYPES = ("llada", "illada", "lacuna")
# Keys that do not change what the model computes.
_IGNORED = frozenset(
    """_name_or_path alibi_bias_max architectures attention_dropout auto_map embedding_dropout
    flash_attention init_cutoff_factor init_device init_fn
    init_std mlp_ratio model_type precision residual_dropout
    torch_dtype dtype transformers_version use_cache context_hidden_from_span""".split()
)


def known_config_keys() -> frozenset[str]:
    """Keys of a ``config.json`` that mean something or are known to mean nothing."""
    return frozenset(ModelConfig.__struct_fields__) | _ONE_VALUE.keys() | _IGNORED


def parse_model_config(raw: dict[str, Any]) -> ModelConfig:
    """Turn a decoded ``config.json`` into a ``ModelConfig``; ``CheckpointError`` names the key that
    does not fit."""
    fields = set(ModelConfig.__struct_fields__)
    kind = raw.get("model_type", "llada")
    if not isinstance(kind, str) or kind not in _MODEL_TYPES:
        raise CheckpointError(
            f"config.json: the architecture {kind!r} is not supported, only LLaDA's is."
        )
    for key, allowed in _ONE_VALUE.items():
        if (
            key in raw
            and raw[key] not in allowed
            and not (key == "multi_query_attention" and raw[key] is True)
        ):
            raise CheckpointError(
                f"config.json: {key} = {raw[key]!r} is not supported, only {allowed[0]!r} is."
            )
    values = {key: value for key, value in raw.items() if key in fields}
    if (hidden := raw.get("context_hidden_from_span")) is not None:  # the older name of one value
        values.setdefault("context_attention", "hidden" if hidden else "full")
    for key in raw.keys() - fields - _ONE_VALUE.keys() - _IGNORED:
        near = difflib.get_close_matches(key, [*fields, *_ONE_VALUE, *_IGNORED], n=1)
        hint = f"did you mean {near[0]}?" if near else "remove it or use a supported checkpoint."
        raise CheckpointError(f"config.json: unknown key {key!r}; {hint}")
    if raw.get("multi_query_attention") is True:
        values["n_kv_heads"] = 1
    if values.get("n_kv_heads") is None:
        values.pop("n_kv_heads", None)
    if values.get("embedding_size") is None:
        values.pop("embedding_size", None)
    if isinstance(ends := values.get("eos_token_id"), list) and ends:  # transformers allows several
        values |= {"eos_token_id": ends[0]} | ({"eot_token_id": ends[1]} if len(ends) > 1 else {})
    if "mlp_hidden_size" not in values and "mlp_ratio" in raw and "d_model" in raw:
        ratio, width = raw["mlp_ratio"], raw["d_model"]
        if (
            not isinstance(ratio, int | float)
            or not isinstance(width, int)
            or not 0 < ratio < MOST["mlp_hidden_size"]
        ):
            raise CheckpointError(
                "config.json: mlp_ratio and d_model are no sensible numbers; fetch the checkpoint "
                "again."
            )
        values["mlp_hidden_size"] = int(ratio) * width
    try:
        return msgspec.convert(values, ModelConfig)
    except (msgspec.ValidationError, ValueError) as exc:
        raise CheckpointError(
            f"config.json: {exc}; correct the file or fetch the checkpoint again."
        ) from exc


def read_model_config(folder: Path) -> ModelConfig:
    """Read ``folder/config.json``."""
    if not folder.is_dir():
        raise CheckpointError(
            f"There is no model folder {folder}; `lacuna models` lists the models that are here."
        )
    try:
        raw = read_json(folder / "config.json", CONFIG_BYTES)
    except FileNotFoundError as exc:
        raise CheckpointError(f"{folder} is not a model folder: it has no config.json.") from exc
    except OSError as exc:
        raise CheckpointError(
            f"{folder / 'config.json'} cannot be read ({exc.strerror}); fetch the checkpoint again."
        ) from exc
    except ValueError as exc:
        raise CheckpointError(
            f"{folder / 'config.json'} is not valid JSON ({exc}); fetch the checkpoint again."
        ) from exc
    if not isinstance(raw, dict):
        raise CheckpointError(
            f"{folder / 'config.json'} holds no JSON object; fetch the checkpoint again."
        )
    return parse_model_config(raw | special_ids(folder, raw))


def dump_model_config(config: ModelConfig) -> dict[str, Any]:
    """The JSON object for ``config.json``, with LLaDA's architecture keys so that other tools
    recognise it."""
    raw: dict[str, Any] = msgspec.to_builtins(config)
    causal = config.context_attention == "causal"
    raw |= {
        "model_type": "lacuna" if causal else "llada",
        "block_type": "llama",
        "activation_type": "silu",
    }
    raw |= {} if causal else {"architectures": ["LLaDAModelLM"]}
    raw |= {
        "layer_norm_type": "rms",
        "rope": True,
        "n_kv_heads": config.kv_heads,
        "embedding_size": config.embedding_rows,
    }
    return {key: value for key, value in raw.items() if value is not None}
