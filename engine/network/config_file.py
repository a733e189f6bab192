"""``config.json`` of a model folder, with the keys of LLaDA and ours, and what it becomes."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import msgspec

from engine.base.errors import CheckpointError
from engine.base.regular_file import read_json
from engine.network.model_config import CONFIG_BYTES, MOST, ModelConfig
from engine.network.special_tokens import special_ids

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
                "config.json: mlp_ratio and d_model are not sensible numbers; fetch the checkpoint "
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
