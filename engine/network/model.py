"""The mask predictor: the one definition of the transformer.

A LLaMA block stack without a causal mask (LLaDA, arXiv 2502.09992, table 5): RMSNorm in fp32,
rotary positions with rotate-half in fp32, SwiGLU, optional grouped-query attention. Module names
are those of the public checkpoints.

Architecture only: no loss, no optimiser, no sampling. Shapes: B batch, S active tokens, P cached
tokens, H heads, G key/value heads, D head dimension, E model width, V vocabulary, Q queried rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from engine.network.model_config import ModelConfig
from engine.network.visibility import stretch_visibility

LayerKeys = tuple[Tensor, Tensor]
"""Keys **before** rotation and values of one layer, each (B, G, P, D). Unrotated keys can be moved
to other positions."""


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(_wide(x))
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * wide.to(x.dtype)


def _wide(x: Tensor) -> torch.dtype:
    """At least fp32."""
    return torch.promote_types(x.dtype, torch.float32)


def rotary_table(position_ids: Tensor, head_dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (B, 1, S, D), in fp32, for integer positions (B, S)."""
    power = torch.arange(0, head_dim, 2, device=position_ids.device, dtype=torch.float32) / head_dim
    angle = position_ids.float()[:, :, None] * (1.0 / theta**power)  # (B, S, D/2)
    angle = torch.cat((angle, angle), dim=-1)[:, None]
    return angle.cos(), angle.sin()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate heads (B, H, S, D) to their positions, in fp32 (``rope_full_precision``)."""
    cos, sin = table
    wide = x.to(_wide(x))
    first, second = wide.chunk(2, dim=-1)
    return (wide * cos + torch.cat((-second, first), dim=-1) * sin).to(x.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention (B, H, S, D) of queries over grouped keys and values (B, G, P + S, D); True in
    ``mask`` may be seen."""
    grouped = q.shape[1] != k.shape[1]
    if q.device.type != "cpu" or not q.requires_grad:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)
    # Training on a CPU: written out, forward and backward take 12 ms where the fused kernel takes
    # 30 (16 x 256 tokens).
    if grouped:
        k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return scores.softmax(-1) @ v


class Block(nn.Module):
    """One transformer layer; ``ff_proj`` is the gate, ``up_proj`` the value, ``ff_out`` the way
    down."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, inner = config.d_model, config.mlp_hidden_size
        kv_width = config.kv_heads * config.head_dim
        qkv_bias = config.include_bias or config.include_qkv_bias
        self.attn_norm = RMSNorm(width, config.rms_norm_eps)
        self.ff_norm = RMSNorm(width, config.rms_norm_eps)
        self.q_proj = nn.Linear(width, width, bias=qkv_bias)
        self.k_proj = nn.Linear(width, kv_width, bias=qkv_bias)
        self.v_proj = nn.Linear(width, kv_width, bias=qkv_bias)
        self.attn_out = nn.Linear(width, width, bias=config.include_bias)
        self.ff_proj = nn.Linear(width, inner, bias=config.include_bias)
        self.up_proj = nn.Linear(width, inner, bias=config.include_bias)
        self.ff_out = nn.Linear(inner, width, bias=config.include_bias)

    def forward(
        self,
        x: Tensor,  # (B, S, E)
        table: tuple[Tensor, Tensor],
        past: LayerKeys | None,
        past_table: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,  # (B, 1, 1 or S, P + S)
    ) -> tuple[Tensor, LayerKeys]:
        batch, length, width = x.shape
        dim = self.config.head_dim
        h = self.attn_norm(x)
        q = self.q_proj(h).view(batch, length, -1, dim).transpose(1, 2)
        k = self.k_proj(h).view(batch, length, -1, dim).transpose(1, 2)
        v = self.v_proj(h).view(batch, length, -1, dim).transpose(1, 2)
        keys, values = rotate(k, table), v
        if past is not None and past_table is not None:
            # Attention without a causal mask does not depend on the order of keys, so the cache
            # simply goes in front.
            keys = torch.cat((rotate(past[0], past_table), keys), dim=2)
            values = torch.cat((past[1], values), dim=2)
        y = attend(rotate(q, table), keys, values, mask)
        x = x + self.attn_out(y.transpose(1, 2).reshape(batch, length, width))
        h = self.ff_norm(x)
        return x + self.ff_out(F.silu(self.ff_proj(h)) * self.up_proj(h)), (k, v)


class _Trunk(nn.Module):
    """Holds the parameters under the names ``transformer.*`` that the public checkpoints use."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        parts: dict[str, nn.Module] = {
            "wte": nn.Embedding(config.embedding_rows, config.d_model),
            "blocks": nn.ModuleList([Block(config) for _ in range(config.n_layers)]),
            "ln_f": RMSNorm(config.d_model, config.rms_norm_eps),
        }
        if not config.weight_tying:
            parts["ff_out"] = nn.Linear(
                config.d_model, config.embedding_rows, bias=config.include_bias
            )
        self.transformer = nn.ModuleDict(parts)

    @property
    def embedding(self) -> Tensor:
        weight: Tensor = self.transformer["wte"].weight  # type: ignore[assignment]
        return weight

    @property
    def blocks(self) -> list[Block]:
        return list(self.transformer["blocks"])  # type: ignore[call-overload, no-any-return]


class MaskPredictor(nn.Module):
    """Predicts every masked token from all visible ones, on both sides."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.model = _Trunk(config)
        self.checkpoint_activations = False
        """While training: keep only the input of every block and compute its inside again in the
        backward pass."""

    def encode(
        self,
        input_ids: Tensor,  # (B, S)
        position_ids: Tensor | None = None,  # (B, S)
        past: list[LayerKeys] | None = None,
        past_position_ids: Tensor | None = None,  # (B, P)
        key_mask: Tensor | None = None,  # (B, P + S), True where a key exists
        stretch: Tensor | None = None,  # (B, P + S), of models with causal context (``visibility``)
        visible: Tensor | None = None,  # (B, S, P + S), True where a query sees a key
    ) -> tuple[Tensor, list[LayerKeys]]:
        """Run the blocks; return the normed rows (B, S, E) and every layer's keys and values of the
        active tokens."""
        config, parts = self.config, self.model.transformer
        if position_ids is None:
            position_ids = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(
                input_ids
            )
        table = rotary_table(position_ids, config.head_dim, config.rope_theta)
        past_table = None
        if past is not None:
            assert past_position_ids is not None, "cached keys need their positions"
            past_table = rotary_table(past_position_ids, config.head_dim, config.rope_theta)
        mask = None if key_mask is None else key_mask[:, None, None, :].bool()
        if stretch is not None:
            visible = stretch_visibility(stretch, input_ids.shape[1])
        if visible is not None:
            mask = visible[:, None] if mask is None else mask & visible[:, None]
        if config.causal:
            earlier = _not_later(position_ids, past_position_ids)
            mask = earlier if mask is None else mask & earlier
        x = parts["wte"](input_ids)
        keys: list[LayerKeys] = []
        for i, block in enumerate(self.model.blocks):
            inputs = (x, table, None if past is None else past[i], past_table, mask)
            if self.checkpoint_activations and torch.is_grad_enabled():
                x, layer_keys = checkpoint(block, *inputs, use_reentrant=False)
            else:
                x, layer_keys = block(*inputs)
            keys.append(layer_keys)
        return parts["ln_f"](x), keys

    @property
    def head_weight(self) -> Tensor:
        """The matrix (V, E) of the head, which is the embedding where weights are tied."""
        if self.config.weight_tying:
            return self.model.embedding
        weight: Tensor = self.model.transformer["ff_out"].weight  # type: ignore[assignment]
        return weight

    def head(self, rows: Tensor) -> Tensor:
        """Logits (..., V) of normed rows (..., E)."""
        if self.config.weight_tying:
            logits = F.linear(rows, self.model.embedding)
        else:
            logits = self.model.transformer["ff_out"](rows)
        return logits / math.sqrt(self.config.d_model) if self.config.scale_logits else logits

    def forward(
        self, input_ids: Tensor, key_mask: Tensor | None = None, position_ids: Tensor | None = None
    ) -> Tensor:
        """Logits (B, S, V) of a whole canvas."""
        return self.head(self.encode(input_ids, position_ids, key_mask=key_mask)[0])


def _not_later(position_ids: Tensor, past_position_ids: Tensor | None) -> Tensor:
    """(B, 1, S, P + S): True where the key does not stand after the query."""
    keys = (
        position_ids
        if past_position_ids is None
        else torch.cat((past_position_ids, position_ids), dim=1)
    )
    return (keys[:, None, :] <= position_ids[:, :, None])[:, None]


def init_weights(model: MaskPredictor, generator: torch.Generator) -> None:
    """GPT-2 style initialisation: normal(0.02), the two projections into the residual stream scaled
    by depth."""
    scale = 0.02 / math.sqrt(2 * model.config.n_layers)
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            torch.nn.init.zeros_(parameter) if name.endswith("bias") else torch.nn.init.ones_(
                parameter
            )
        else:
            into_residual = (
                name.endswith(("attn_out.weight", "ff_out.weight")) and ".blocks." in name
            )
            torch.nn.init.normal_(
                parameter, 0.0, scale if into_residual else 0.02, generator=generator
            )
