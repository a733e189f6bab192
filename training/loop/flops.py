"""Model FLOP utilisation: the arithmetic that the model needs, over what the machine could do in
that time.

Counted are matrix products only, forward and backward (three times the forward), recomputation not:
the convention of PaLM (arXiv 2204.02311, appendix B). The head counts for labelled rows only,
because others never reach it.
"""

from __future__ import annotations

import time

import torch

from engine.network.model_config import ModelConfig
from training.examples.adapt_batch import AdaptBatch
from training.examples.objective import Rows, StepBatch
from training.loop.precision import usual_precision

PASSES = 3.0
"""Forwards, and backwards to inputs and to weights."""
FLOP_A_PRODUCT = 2.0
"""A product and a sum."""
_BF16_PEAK = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40": 181e12,
    "4090": 165e12,
    "3090": 71e12,
    "B200": 2250e12,
}
"""Dense bf16 FLOP/s that the maker states, by a part of the device's name."""


def flops_of_step(config: ModelConfig, batch: StepBatch) -> float:
    """FLOPs of one forward and backward pass over ``batch``."""
    width, head = config.d_model, config.head_dim
    block = width * (2 * width + 2 * config.kv_heads * head) + 3 * width * config.mlp_hidden_size
    if isinstance(batch, Rows | AdaptBatch):
        (rows, length), labels = batch.input_ids.shape, int((batch.weights != 0).sum())
        tokens, attended = rows * length, rows * length * length
    else:
        rows, context = batch.context_ids.shape
        slots, labels = batch.span_ids.shape[1], int(batch.masked.sum())
        tokens = rows * (context + slots)
        attended = (
            rows * (context * context + slots * (context + slots))
            if batch.hidden
            else rows * (context + slots) ** 2
        )
    products = (
        config.n_layers * (tokens * block + 2 * attended * width)
        + labels * width * config.embedding_rows
    )
    return PASSES * FLOP_A_PRODUCT * products


def peak_flops(device: torch.device) -> float:
    """FLOP/s of ``device`` in what runs compute in: the maker's figure of a known GPU, else what a
    large product reaches."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        known = [peak for part, peak in _BF16_PEAK.items() if part in name]
        if known:
            return known[0]
    size = 8192 if device.type == "cuda" else 1024
    # What a run computes in: a processor without bf16 emulates it far below what it reaches in
    # fp32.
    matrix = torch.randn(size, size, device=device).to(
        torch.bfloat16 if usual_precision() == "bf16" else torch.float32
    )
    best = float("inf")
    for _ in range(4):
        began = time.perf_counter()
        matrix @ matrix
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - began)
    return 2.0 * size**3 / best
