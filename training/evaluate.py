"""Validation during a run: LLaDA's likelihood bound on plain rows, and the cross-entropy of wholly masked spans.

Fixed seeds, so figures of different steps and runs compare.
"""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer

from engine.model import MaskPredictor
from training.batches import Batches
from training.forward_process import forward_process, sample_t
from training.infill_examples import InfillConfig
from training.infill_pass import span_rows
from training.loss import llada_weights, masked_cross_entropy, masked_rows, mean_weights
from training.shards import TokenShard

ROWS, LENGTH, BATCHES = 16, 256, 4
_SPANS = InfillConfig(p_all_masked=1.0, p_expand=0.0, p_no_suffix=0.0, max_spans=2, p_few=1.0, hidden_share=1.0)


@torch.no_grad()
def validation_losses(model: MaskPredictor, data: Path, tokenizer: Tokenizer, mixture: dict[str, float]) -> dict[str, float]:
    """``val_bound_KIND`` in nats a token (uniform t, weight 1/t) and ``val_infill`` in nats a masked slot."""
    model.eval()
    device = next(model.parameters()).device
    out: dict[str, float] = {}
    shards = {name: TokenShard(data / f"{name}-val") for name in mixture}
    with torch.autocast(device.type, dtype=torch.bfloat16):
        for name, shard in shards.items():
            rows = Batches({name: shard}, {name: 1.0}, 7, tokenizer)
            total = 0.0
            for i in range(BATCHES):
                generator = torch.Generator().manual_seed(i)
                ids = rows.plain(i, ROWS, LENGTH)
                t = (sample_t(1, generator) + torch.arange(len(ids)) / len(ids)) % 1.0  # stratified
                noisy, masked, p_mask = forward_process(ids, t, model.config.mask_token_id, generator)
                hidden, _ = model.encode(noisy.to(device))
                logits = model.head(masked_rows(hidden, masked.to(device)))
                weights = llada_weights(p_mask[masked].to(device), ids.numel())
                total += float(masked_cross_entropy(logits, ids[masked].to(device), weights))
            out[f"val_bound_{name}"] = total / BATCHES
        if model.config.control_ids:
            for name, shard in shards.items():
                spans = Batches({name: shard}, {name: 1.0}, 7, tokenizer)
                out[f"val_infill_{name}"] = _infill(model, spans, device)
    return out


def _infill(model: MaskPredictor, spans: Batches, device: torch.device) -> float:
    total = 0.0
    for i in range(BATCHES):
        b = spans.infill(i, ROWS, LENGTH - _SPANS.slots, model.config, _SPANS).to(device)
        logits = model.head(masked_rows(span_rows(model.encode, b), b.masked))
        total += float(masked_cross_entropy(logits, b.targets[b.masked], mean_weights(b.weights[b.masked])))
    return total / BATCHES
