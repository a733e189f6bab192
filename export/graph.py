"""The step graph: the mask predictor as one function of arrays, traced for ONNX.

The same graph is a full pass (empty context) and a step (few active tokens on cached keys). Hidden
rows are gathered before the head; log-probabilities are exact, and only the K best leave the graph.
Matrices lie as (in, out), as MatMul takes them, and are arguments like the rest, so that a model of
any size is traced without one of its weights in memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.onnx.ops import rotary_embedding

from engine.network.graph_io import NUM_CANDIDATES
from engine.network.model import rotary_table
from engine.network.model_config import ModelConfig
from engine.network.visibility import stretch_visibility

CHUNK = 256
"""Columns of one chunk of the two-stage top-k."""
POSITIONS = 2
"""So many times the model's longest row there are positions: spans grow while the row around them
is full."""
Table = tuple[Tensor, Tensor, Tensor]
"""Cosines and sines of every position, and the positions of a row (B, S)."""


class StepGraph(nn.Module):
    """Of the mask predictor of ``config`` with weights of the checkpoint's ``names``."""

    def __init__(self, config: ModelConfig, names: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self.names = tuple(names)
        self._weights: dict[str, Tensor] = {}

    def weight(self, name: str) -> Tensor:
        return self._weights[f"model.transformer.{name}"]

    def linear(self, x: Tensor, name: str) -> Tensor:
        y = x @ self.weight(f"{name}.weight")
        bias = f"model.transformer.{name}.bias"
        return y + self._weights[bias] if bias in self._weights else y

    def forward(
        self,
        weights: list[Tensor],
        input_ids: Tensor,
        position_ids: Tensor,
        key_mask: Tensor,
        query_index: Tensor,
        target_ids: Tensor,
        allowed: Tensor,
        allowed_row: Tensor,
        tie: Tensor,
        context_position_ids: Tensor,
        *stretch_and_context: Tensor,
    ) -> tuple[Tensor, ...]:
        config, context = self.config, list(stretch_and_context)
        self._weights = dict(zip(self.names, weights, strict=True))
        table = (*_tables(config, input_ids.device), position_ids)
        key_table = (*table[:2], torch.cat((context_position_ids, position_ids), dim=1))
        mask = key_mask[:, None, None, :].expand(-1, 1, input_ids.shape[1], -1)
        if config.context_attention == "causal":
            stretch, *context = context
            mask = mask & stretch_visibility(stretch, input_ids.shape[1])[:, None]
        # The embedding lies as (E, V), the layout of the head, so tied weights are stored once.
        columns = torch.index_select(self.weight("wte.weight"), 1, input_ids.flatten())
        x = columns.t().reshape(input_ids.shape[0], input_ids.shape[1], config.d_model)
        kept: list[Tensor] = []
        for i in range(config.n_layers):
            x, keys, values = self._block(
                i, x, table, key_table, mask, context[2 * i], context[2 * i + 1]
            )
            kept += [keys, values]
        rows = torch.gather(x, 1, query_index[:, :, None].expand(-1, -1, config.d_model))
        rows = self._norm(rows, "ln_f")
        rows = tie.to(rows.dtype) @ rows  # the head is linear: tied rows are summed before it
        logits = (
            rows @ self.weight("wte.weight") if config.weight_tying else self.linear(rows, "ff_out")
        )
        logits = logits.float()
        if config.scale_logits:
            logits = logits / math.sqrt(config.d_model)
        rules = torch.index_select(allowed, 0, allowed_row.flatten()).reshape(
            *allowed_row.shape, config.embedding_rows
        )
        logits = torch.where(rules, logits, -1e9)
        return (*_summary(logits, target_ids), *kept)

    def _block(
        self,
        i: int,
        x: Tensor,
        table: Table,
        key_table: Table,
        mask: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        config, block = self.config, f"blocks.{i}"
        h = self._norm(x, f"{block}.attn_norm")
        q, k, v = (
            self._heads(self.linear(h, f"{block}.{name}"))
            for name in ("q_proj", "k_proj", "v_proj")
        )
        # One node turns all keys; written out, turning the cached ones was a third of a step.
        keys = _turned(torch.cat((past_keys, k), dim=2), key_table)
        values = torch.cat((past_values, v), dim=2)
        grouped = config.kv_heads != config.n_heads
        y = F.scaled_dot_product_attention(
            _turned(q, table), keys, values, attn_mask=mask, enable_gqa=grouped
        )
        x = x + self.linear(y.transpose(1, 2).flatten(2), f"{block}.attn_out")
        h = self._norm(x, f"{block}.ff_norm")
        gate = F.silu(self.linear(h, f"{block}.ff_proj"))
        return x + self.linear(gate * self.linear(h, f"{block}.up_proj"), f"{block}.ff_out"), k, v

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], -1, self.config.head_dim).transpose(1, 2)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.rms_norm(
            x, (self.config.d_model,), self.weight(f"{name}.weight"), self.config.rms_norm_eps
        )


def _turned(x: Tensor, table: Table) -> Tensor:
    """Heads at their positions, turned in fp32 whatever the weights are
    (``rope_full_precision``)."""
    turned: Tensor = rotary_embedding(x.float(), *table)
    return turned.to(x.dtype)


def _tables(config: ModelConfig, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (P, D / 2) of every position, as the operator takes them.

    They depend on no input, so a runtime computes them once, when it loads the graph; of every pass
    they were a tenth.
    """
    positions = torch.arange(POSITIONS * config.max_sequence_length, device=device)[None]
    cos, sin = rotary_table(positions, config.head_dim, config.rope_theta)
    half = config.head_dim // 2
    return cos[0, 0, :, :half], sin[0, 0, :, :half]


def _summary(logits: Tensor, target_ids: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The K best tokens with exact log-probabilities, the targets' and the entropy, from logits (B,
    Q, V).

    Written out because onnxruntime's ReduceLogSumExp is six times slower than this over a large
    vocabulary, and because a top-k over chunk maxima first is exact and reads the vocabulary once.
    """
    vocab = logits.shape[-1]
    peak = logits.amax(-1, keepdim=True)
    exps = torch.exp(logits - peak)
    total = exps.sum(-1, keepdim=True)
    normaliser = peak + torch.log(total)
    # Entropy = log Z - E[logit]; forbidden tokens have probability exactly zero.
    entropy = normaliser[..., 0] - (exps * logits).sum(-1) / total[..., 0]
    target = torch.gather(logits, 2, target_ids[:, :, None])[..., 0] - normaliser[..., 0]
    if vocab % CHUNK or vocab // CHUNK < NUM_CANDIDATES:
        best, ids = torch.topk(logits, NUM_CANDIDATES, dim=-1)
        return ids, best - normaliser, target, entropy
    chunks = logits.reshape(*logits.shape[:2], vocab // CHUNK, CHUNK)
    # The K best tokens lie in the K chunks with the best maxima.
    which = torch.topk(chunks.amax(-1), NUM_CANDIDATES, dim=-1).indices  # (B, Q, K)
    nearby = torch.gather(chunks, 2, which[..., None].expand(-1, -1, -1, CHUNK)).flatten(2)
    best, inner = torch.topk(nearby, NUM_CANDIDATES, dim=-1)
    chunk = torch.gather(which, 2, inner // CHUNK)
    return chunk * CHUNK + inner % CHUNK, best - normaliser, target, entropy
