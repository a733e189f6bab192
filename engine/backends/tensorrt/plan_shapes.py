"""Shapes that a TensorRT plan is built for and run at.

A plan has two optimisation profiles: 0 for full passes, 1 for steps. Passes are padded up to
buckets, so that few shapes occur and each can be one CUDA graph; padding is hidden by the key mask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.network.model_config import ModelConfig


@dataclass(frozen=True, order=True)
class Extent:
    """Sizes of one pass: rows, active tokens, cached tokens, queried rows, constraints."""

    batch: int
    active: int
    cached: int
    queries: int
    rules: int


FULL, STEP = 0, 1
"""Profiles."""
MAX_QUERIES, MAX_RULES = 128, 64
STEP_TOKENS = 128
"""Active tokens of a step at most."""
_BUCKETS = (8, 16, 32, 64, 128, 192, 256, 384, 512, 768, 1024)


def profiles(
    max_rows: int, max_tokens: int
) -> tuple[tuple[Extent, Extent, Extent], tuple[Extent, Extent, Extent]]:
    """Least, usual and largest extent of ``FULL`` and ``STEP``; a full pass may have cached tokens
    of an earlier one."""
    least = Extent(1, 1, 0, 1, 1)
    most = Extent(max_rows, max_tokens, max_tokens, MAX_QUERIES, MAX_RULES)
    usual = Extent(1, min(512, max_tokens), 0, 32, 1)
    step = Extent(1, min(32, max_tokens), min(480, max_tokens), 32, 1)
    return (least, usual, most), (least, step, replace(most, active=min(STEP_TOKENS, max_tokens)))


def profile_of(extent: Extent) -> int:
    return STEP if extent.cached and extent.active <= STEP_TOKENS else FULL


def bucket(extent: Extent, max_tokens: int) -> Extent:
    """The padded extent of a pass."""
    return Extent(
        extent.batch,
        _up(extent.active, max_tokens),
        _up(extent.cached, max_tokens) if extent.cached else 0,
        _up(extent.queries, MAX_QUERIES),
        _up(extent.rules, MAX_RULES),
    )


def input_shape(name: str, config: ModelConfig, extent: Extent) -> tuple[int, ...]:
    """The shape of an input of the step graph."""
    e = extent
    shapes = {
        "input_ids": (e.batch, e.active),
        "position_ids": (e.batch, e.active),
        "key_mask": (e.batch, e.cached + e.active),
        "stretch": (e.batch, e.cached + e.active),
        "query_index": (e.batch, e.queries),
        "target_ids": (e.batch, e.queries),
        "allowed": (e.rules, config.embedding_rows),
        "allowed_row": (e.batch, e.queries),
        "tie": (e.batch, e.queries, e.queries),
        "context_position_ids": (e.batch, e.cached),
    }
    return shapes.get(name, (e.batch, config.kv_heads, e.cached, config.head_dim))


def _up(size: int, most: int) -> int:
    return min((step for step in _BUCKETS if step >= size), default=size) if size <= most else size
