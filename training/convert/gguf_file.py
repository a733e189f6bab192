"""Read a GGUF file (llama.cpp's format) as a parent: dequantised weights, shape and a rebuilt
tokenizer.

llama.cpp stores the rows of query and key matrices of Llama models interleaved, for its own
rotation; here they are put back into the order of rotate-half (the inverse of
``LlamaModel.permute`` in llama.cpp's converter). Nothing of the file is run. ``convert`` makes a
checkpoint of the parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from torch import Tensor

from engine.base.errors import CheckpointError
from training.convert.gguf_tokenizer import rebuilt_tokenizer
from training.convert.parent import BLOCK_NAMES, EMBEDDING, HEAD, LAST_NORM, Parent, block_tensor

ARCHITECTURES = ("llama", "qwen2")
_PARTS = {
    "attn_norm": "attn_norm",
    "ffn_norm": "ff_norm",
    "attn_q": "q_proj",
    "attn_k": "k_proj",
    "attn_v": "v_proj",
    "attn_output": "attn_out",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "down",
}
_TOP = {"token_embd.weight": EMBEDDING, "output_norm.weight": LAST_NORM, "output.weight": HEAD}


def read_gguf(path: Path) -> Parent:
    """The parent in ``path``; ``CheckpointError`` says in one sentence why it cannot be read."""
    try:
        reader = GGUFReader(path)
    except Exception as exc:  # the library raises whatever its parser stumbles over
        raise CheckpointError(
            f"{path} is not a GGUF file or is cut short ({type(exc).__name__}); fetch it again."
        ) from exc
    fields = _Fields(path, reader)
    architecture = fields.text("general.architecture")
    if architecture not in ARCHITECTURES:
        raise CheckpointError(
            f"{path} holds the architecture {architecture!r}; only {' and '.join(ARCHITECTURES)} "
            "can be converted."
        )
    names = {tensor.name for tensor in reader.tensors}
    if "token_embd.weight" not in names:
        raise CheckpointError(
            f"{path} has no tensor token_embd.weight; it is not a whole language model."
        )
    if "rope_freqs.weight" in names or fields.get(f"{architecture}.rope.scaling.type") not in (
        None,
        "none",
    ):
        raise CheckpointError(
            f"{path} scales its rotary positions, which is not supported; choose a parent that "
            "does not."
        )
    heads = fields.number(f"{architecture}.attention.head_count")
    kv_heads = int(fields.get(f"{architecture}.attention.head_count_kv") or heads)
    width = fields.number(f"{architecture}.embedding_length")
    if (head_dim := fields.get(f"{architecture}.attention.key_length")) not in (
        None,
        width // heads,
    ):
        raise CheckpointError(
            f"{path} has heads of {head_dim} where width / heads is {width // heads}; not "
            "supported."
        )
    rows = next(
        int(tensor.shape[1]) for tensor in reader.tensors if tensor.name == "token_embd.weight"
    )
    shape = {
        "d_model": width,
        "n_layers": fields.number(f"{architecture}.block_count"),
        "n_heads": heads,
        "n_kv_heads": kv_heads,
        "mlp_hidden_size": fields.number(f"{architecture}.feed_forward_length"),
        "max_sequence_length": fields.number(f"{architecture}.context_length"),
        "rope_theta": float(fields.get(f"{architecture}.rope.freq_base") or 10_000.0),
        "rms_norm_eps": _rounded(fields.real(f"{architecture}.attention.layer_norm_rms_epsilon")),
        "embedding_size": rows,
        "weight_tying": "output.weight" not in names,
        "include_qkv_bias": "blk.0.attn_q.bias" in names,
    }
    tokens = fields.texts("tokenizer.ggml.tokens")
    bos, eos = fields.get("tokenizer.ggml.bos_token_id"), fields.get("tokenizer.ggml.eos_token_id")
    tokenizer = rebuilt_tokenizer(
        path,
        fields.text("tokenizer.ggml.model"),
        fields.get("tokenizer.ggml.pre") or "default",
        tokens,
        fields.texts("tokenizer.ggml.merges"),
        [int(kind) for kind in fields.numbers("tokenizer.ggml.token_type")],
    )
    if eos is None or not 0 <= int(eos) < len(tokens):
        raise CheckpointError(f"{path} names no end-of-text token; it cannot be converted.")
    permuted = {"q_proj": heads, "k_proj": kv_heads} if architecture == "llama" else {}
    return Parent(
        name=str(path),
        shape=shape,
        tensors=partial(_tensors, path, reader, permuted),
        tokenizer=tokenizer,
        bos=None if bos is None or int(bos) >= len(tokens) else tokens[int(bos)],
        eos=tokens[int(eos)],
    )


def _tensors(
    path: Path, reader: GGUFReader, permuted: dict[str, int]
) -> Iterator[tuple[str, Tensor]]:
    for tensor in reader.tensors:
        name, part = _our_name(path, tensor.name)
        try:
            values = dequantize(tensor.data, tensor.tensor_type)
        except (NotImplementedError, KeyError, ValueError) as exc:
            raise CheckpointError(
                f"{path}: {tensor.name} is stored as {tensor.tensor_type.name}, which cannot be "
                "read; choose another file."
            ) from exc
        value = np.array(values, np.float32).reshape([int(n) for n in reversed(tensor.shape)])
        yield (
            name,
            torch.from_numpy(
                rotate_half_order(value, permuted[part]) if part in permuted else value
            ),
        )


def rotate_half_order(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Undo llama.cpp's interleaving of the rows (heads * D, ...) of a query or key matrix."""
    dim = rows.shape[0] // heads
    halves = rows.reshape(heads, dim // 2, 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows.shape))


def _our_name(path: Path, name: str) -> tuple[str, str]:
    """Our name of a tensor, and the part of a block that it belongs to."""
    if name in _TOP:
        return _TOP[name], ""
    pieces = name.split(".")
    if len(pieces) == 4 and pieces[0] == "blk" and pieces[1].isdigit() and pieces[2] in _PARTS:
        part = BLOCK_NAMES[_PARTS[pieces[2]]]
        return block_tensor(int(pieces[1]), part, pieces[3]), part
    raise CheckpointError(
        f"{path} has a tensor {name}, which no Llama-like model has; it cannot be converted."
    )


def _rounded(value: float) -> float:
    """1e-5 as written, not as its nearest single-precision number."""
    return float(f"{value:.6g}")


class _Fields:
    """Values of a GGUF header by key, with one sentence for what is missing or odd."""

    def __init__(self, path: Path, reader: GGUFReader) -> None:
        self._path, self._reader = path, reader

    def get(self, key: str) -> Any:
        field = self._reader.get_field(key)
        if field is None:
            return None
        try:
            return field.contents()
        except Exception as exc:
            raise CheckpointError(f"{self._path}: {key} is damaged; fetch the file again.") from exc

    def number(self, key: str) -> int:
        value = self.get(key)
        if not isinstance(value, int | float) or value <= 0:
            raise CheckpointError(
                f"{self._path}: {key} is {value!r}, not a positive number; fetch the file again."
            )
        return int(value)

    def real(self, key: str) -> float:
        value = self.get(key)
        if not isinstance(value, int | float):
            raise CheckpointError(
                f"{self._path}: {key} is {value!r}, not a number; fetch the file again."
            )
        return float(value)

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            raise CheckpointError(f"{self._path} does not say its {key}; fetch the file again.")
        return value

    def texts(self, key: str) -> list[str]:
        value = self.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise CheckpointError(
                f"{self._path} has no list {key}; its tokenizer cannot be rebuilt."
            )
        return value

    def numbers(self, key: str) -> list[Any]:
        value = self.get(key)
        if not isinstance(value, list):
            raise CheckpointError(
                f"{self._path} has no list {key}; its tokenizer cannot be rebuilt."
            )
        return value
