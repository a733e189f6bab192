"""Validation during a run: LLaDA's likelihood bound on plain rows, and the cross-entropy of wholly
masked spans.

Fixed seeds, so figures of different steps and runs compare. An autoregressive model is judged by
its exact likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from engine.network.model_config import ModelConfig
from training.data.shards import TokenShard
from training.examples.autoregressive import next_token_rows
from training.examples.batches import Batches
from training.examples.forward_process import forward_process, sample_t
from training.examples.infill_examples import InfillConfig
from training.examples.loss import llada_weights
from training.examples.objective import Rows, StepBatch

ROWS, LENGTH, BATCHES = 16, 256, 4
"""Few, because validation interrupts the run; always the same ones, so figures can be compared."""
SPANS = InfillConfig(
    p_all_masked=1.0,
    p_expand=0.0,
    p_no_suffix=0.0,
    max_spans=2,
    p_few=1.0,
    hidden_share=1.0,
    p_related=0.0,
)


def validation_batches(
    model: ModelConfig, data: Path, tokenizer: Tokenizer, mixture: dict[str, float]
) -> Iterator[tuple[str, StepBatch]]:
    """``bound_KIND`` in nats a token (uniform t, weight 1/t; ``nll_KIND`` where causal),
    ``infill_KIND`` in nats a slot."""
    for name in mixture:
        held_out = TokenShard(data / f"{name}-val")
        if not len(held_out):
            continue
        batches = Batches({name: held_out}, {name: 1.0}, 7, tokenizer)
        for i in range(BATCHES):
            ids = batches.plain(i, ROWS, LENGTH)
            if model.causal:
                yield f"nll_{name}", next_token_rows(ids)
            else:
                yield f"bound_{name}", bound_rows(ids, i, model.mask_token_id)
        if not model.causal:
            for i in range(BATCHES):
                yield f"infill_{name}", batches.infill(i, ROWS, LENGTH - SPANS.slots, model, SPANS)


def bound_rows(ids: torch.Tensor, seed: int, mask_id: int) -> Rows:
    """Rows (B, L) at stratified times with LLaDA's weights: their loss estimates the bound in nats
    a token."""
    generator = torch.Generator().manual_seed(seed)
    t = (sample_t(1, generator) + torch.arange(len(ids)) / len(ids)) % 1.0
    noisy, masked, p_mask = forward_process(ids, t, mask_id, generator)
    return Rows(noisy, ids, masked * llada_weights(p_mask, ids.numel()))
