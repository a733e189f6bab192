"""What a conversion reads from an autoregressive checkpoint, whatever file format it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Parent:
    """A Llama-like causal language model: shape, weights by our names, tokenizer."""

    name: str
    """For messages: a file or a folder."""
    shape: dict[str, Any]
    """Keys of ``ModelConfig`` that describe the architecture; no special ids."""
    tensors: Callable[[], Iterator[tuple[str, Tensor]]]
    """Our full tensor name and its fp32 value, (out, in) and in rotate-half order, one after
    another."""
    tokenizer: dict[str, Any]
    """The JSON object of a ``tokenizer.json``."""
    bos: str | None
    eos: str
    """Content of the special tokens that begin and end a text."""


BLOCK_NAMES = {
    "attn_norm": "attn_norm",
    "ff_norm": "ff_norm",
    "q_proj": "q_proj",
    "k_proj": "k_proj",
    "v_proj": "v_proj",
    "attn_out": "attn_out",
    "gate": "ff_proj",
    "up": "up_proj",
    "down": "ff_out",
}
"""The parts of a Llama block by their common names, and what ``engine`` calls them (LLaDA's names).
"""

EMBEDDING = "model.transformer.wte.weight"
HEAD = "model.transformer.ff_out.weight"
LAST_NORM = "model.transformer.ln_f.weight"


def block_tensor(layer: int, part: str, kind: str) -> str:
    """Our name of ``part`` (a value of ``BLOCK_NAMES``) in a layer; ``kind`` is ``weight`` or
    ``bias``."""
    return f"model.transformer.blocks.{layer}.{part}.{kind}"
