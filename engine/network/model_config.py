"""The shape of a mask predictor, read from the ``config.json`` of a checkpoint.

Field names are those of the public LLaDA checkpoints, so their ``config.json`` loads as it is. Keys
that LLaDA knows but that have one supported value are checked; unknown keys are refused, because a
misspelt key would silently change the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import Literal

from engine.base.structs import Config

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
    def taught_ids(self) -> tuple[int, ...]:
        """What an autoregressive parent has to be taught: mask, control tokens, and those of
        stretches and spans."""
        marks = (self.start_token_id, self.gap_token_id, self.span_end_token_id)
        ids = (self.mask_token_id, *self.control_ids, *marks)
        return tuple(sorted({i for i in ids if i is not None}))

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
        special = (*self.end_ids, self.bos_token_id, self.pad_token_id)
        ids = (*special, *self.taught_ids, *self.reserved_token_ids)
        return tuple(sorted({i for i in ids if i is not None}))

    @property
    def context_hidden_from_span(self) -> bool:
        """Whether a context encoded without the spans is exact by training."""
        return self.context_attention == "hidden"
