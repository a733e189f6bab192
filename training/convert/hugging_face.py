"""Read a Hugging Face folder of a Llama-like model (Llama, SmolLM2, Qwen2) as a parent. Nothing of
the folder is run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.base.errors import CheckpointError
from engine.network.checkpoint import read_tensor
from engine.network.special_tokens import read_json_object, token_text
from engine.network.weights import WeightsFile, weight_files
from training.convert.parent import BLOCK_NAMES, EMBEDDING, HEAD, LAST_NORM, Parent, block_tensor

MODEL_TYPES = ("llama", "qwen2")
_PARTS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ff_norm",
    "self_attn.q_proj": "q_proj",
    "self_attn.k_proj": "k_proj",
    "self_attn.v_proj": "v_proj",
    "self_attn.o_proj": "attn_out",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.down_proj": "down",
}
_TOP = {
    "model.embed_tokens.weight": EMBEDDING,
    "model.norm.weight": LAST_NORM,
    "lm_head.weight": HEAD,
}
_ONE_VALUE = {
    "hidden_act": "silu",
    "mlp_bias": False,
    "use_sliding_window": False,
    "pretraining_tp": 1,
}


def read_hugging_face(folder: Path) -> Parent:
    """The parent in ``folder``; ``CheckpointError`` says in one sentence why it cannot be read."""
    if not (folder / "config.json").exists():
        raise CheckpointError(
            f"{folder} has no config.json; name a GGUF file or a Hugging Face model folder."
        )
    raw = read_json_object(folder / "config.json")
    if raw.get("model_type") not in MODEL_TYPES:
        raise CheckpointError(
            f"{folder} holds the architecture {raw.get('model_type')!r}; only "
            f"{' and '.join(MODEL_TYPES)} can be converted."
        )
    for key, value in _ONE_VALUE.items():
        if raw.get(key, value) != value:
            raise CheckpointError(
                f"{folder}: {key} = {raw[key]!r} is not supported, only {value!r}; choose another "
                "parent."
            )
    rope = raw.get("rope_parameters") or {}
    if raw.get("rope_scaling") or rope.get("rope_type", "default") != "default":
        raise CheckpointError(
            f"{folder} scales its rotary positions, which is not supported; choose a parent that "
            "does not."
        )
    shape = _shape(folder, raw, rope)
    tokenizer = read_json_object(folder / "tokenizer.json")
    if not tokenizer:
        raise CheckpointError(
            f"{folder} has no tokenizer.json; save the tokenizer in its fast form first."
        )
    bos, eos = _text_ends(folder, raw, tokenizer)
    return Parent(str(folder), shape, partial(_tensors, folder), tokenizer, bos, eos)


def _shape(folder: Path, raw: dict[str, Any], rope: dict[str, Any]) -> dict[str, Any]:
    try:
        width, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
        shape = {
            "d_model": width,
            "n_layers": int(raw["num_hidden_layers"]),
            "n_heads": heads,
            "n_kv_heads": int(raw.get("num_key_value_heads") or heads),
            "mlp_hidden_size": int(raw["intermediate_size"]),
            "max_sequence_length": int(raw["max_position_embeddings"]),
            "rope_theta": float(raw.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
            "rms_norm_eps": float(raw["rms_norm_eps"]),
            "embedding_size": int(raw["vocab_size"]),
            "weight_tying": bool(raw.get("tie_word_embeddings", False)),
            "include_qkv_bias": bool(raw.get("attention_bias", raw["model_type"] == "qwen2")),
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckpointError(
            f"{folder / 'config.json'} lacks or garbles {exc}; fetch the checkpoint again."
        ) from exc
    if raw.get("attention_bias") and raw["model_type"] == "llama":
        raise CheckpointError(
            f"{folder} has a bias behind its attention, which is not supported; choose another "
            "parent."
        )
    if raw.get("head_dim") not in (None, width // heads):
        raise CheckpointError(
            f"{folder} has heads of {raw['head_dim']} where width / heads is {width // heads}; not "
            "supported."
        )
    return shape


def _text_ends(
    folder: Path, raw: dict[str, Any], tokenizer: dict[str, Any]
) -> tuple[str | None, str]:
    """Content of the tokens that begin and end a text, by role and else by id."""
    roles = read_json_object(folder / "tokenizer_config.json")
    by_id = {token["id"]: token["content"] for token in tokenizer.get("added_tokens", [])}

    def content(role: str) -> str | None:
        value = raw.get(f"{role}_id")
        value = value[0] if isinstance(value, list) and value else value
        return token_text(roles.get(role)) or by_id.get(value)

    eos = content("eos_token")
    if eos is None:
        raise CheckpointError(f"{folder} names no end-of-text token; it cannot be converted.")
    return content("bos_token"), eos


def _tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    for path in weight_files(folder):
        weights = WeightsFile(path)
        for name in sorted(weights.entries):
            if not name.endswith("rotary_emb.inv_freq"):
                yield _our_name(folder, name), read_tensor(weights, name).float()


def _our_name(folder: Path, name: str) -> str:
    if name in _TOP:
        return _TOP[name]
    inside, _, kind = name.removeprefix("model.layers.").rpartition(".")
    layer, _, part = inside.partition(".")
    if layer.isdigit() and part in _PARTS and kind in ("weight", "bias"):
        return block_tensor(int(layer), BLOCK_NAMES[_PARTS[part]], kind)
    raise CheckpointError(
        f"{folder} has a tensor {name}, which no Llama-like model has; it cannot be converted."
    )
