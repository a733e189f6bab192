"""``lacuna train adapt RUN.toml``: teach a converted autoregressive checkpoint to fill masks.

Full fine-tuning with AdamW; the embedding, which is the head as well, is frozen but for the control
tokens. Every batch is a function of seed and step, so a run that was stopped resumes exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import torch

from engine.network.checkpoint import load_checkpoint
from engine.text.tokenizer import load_tokenizer
from training.adaptation.config import RowConfig
from training.adaptation.row_source import RowSource
from training.data.shards import TokenShard, tokenizer_hash
from training.examples.adapt_batch import AdaptBatch
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.lora import LoraConfig


class AdaptConfig(LoopConfig, kw_only=True, frozen=True):
    init_from: Path
    """The converted checkpoint, or one that was adapted already."""
    data: Path
    mixture: dict[str, float]
    """Shard name -> weight."""
    rows: int = 13
    """Of a step; together they should have at least 8,000 tokens (training/LOG.md)."""
    row: RowConfig = RowConfig()
    validation_rows: int = 24
    lora: LoraConfig | None = None
    """Train adapters and the control tokens' rows instead of all matrices; checkpoints hold the
    merged weights. It keeps more of the parent where batches are small (training/LOG.md)."""


def adapt(config: AdaptConfig) -> Path:
    """Run, or resume, the run that ``config`` describes; return its last checkpoint."""
    torch.manual_seed(config.seed)
    model = load_checkpoint(config.init_from, torch.float32)
    if model.config.context_attention != "causal" or model.config.span_end_token_id is None:
        raise ValueError(
            f"{config.init_from} is not a converted checkpoint; run `lacuna train convert` first."
        )
    tokenizer = load_tokenizer(config.tokenizer)
    shards = {name: TokenShard(config.data / f"{name}-train") for name in config.mixture}
    for name, shard in shards.items():
        if shard.manifest["tokenizer_sha256"] != tokenizer_hash(tokenizer):
            raise ValueError(
                f"The shard {name} was made with another tokenizer than {config.tokenizer}; make "
                "it again."
            )
    hashes = {name: shard.manifest["sha256"] for name, shard in shards.items()}
    identity = {
        "shards": hashes,
        "mixture": config.mixture,
        "seed": config.seed,
        "model": msgspec.to_builtins(model.config),
        "lora": msgspec.to_builtins(config.lora),
    }
    held_out = {name: TokenShard(config.data / f"{name}-val") for name in config.mixture}
    objective = AdaptObjective(
        config.seed,
        config.rows,
        config.row,
        RowSource(shards, config.mixture, model.config, tokenizer, not config.compile),
        RowSource(held_out, config.mixture, model.config, tokenizer, not config.compile),
        config.validation_rows,
    )
    return train(config, model, objective, config.row.length, identity, config.lora)


class AdaptObjective:
    """The rows of every step, and held-out ones."""

    def __init__(
        self,
        seed: int,
        rows: int,
        row: RowConfig,
        train: RowSource,
        held_out: RowSource | None,
        validation_rows: int,
    ) -> None:
        """Without ``held_out`` there is nothing to judge by."""
        self._seed, self._rows, self._row = seed, rows, row
        self._train, self._held_out = train, held_out
        self._validation_rows = validation_rows

    def batch(self, step: int) -> AdaptBatch:
        return self._train.batch(self._seed, step, self._rows, self._row)

    def validation(self) -> Iterator[tuple[str, AdaptBatch]]:
        """``masked`` and ``causal``: nats of the two kinds of labels on held-out rows, the same for
        every run."""
        if self._held_out is None:
            return
        config = msgspec.structs.replace(self._row, p_related=0.0)
        for part in range(self._validation_rows // 8):
            for name, weight in (("masked", 0.0), ("causal", 1.0)):
                batch = self._held_out.batch(7, part, 8, config)
                yield name, with_labels(batch, causal=weight > 0.0)


def with_labels(batch: AdaptBatch, causal: bool) -> AdaptBatch:
    """The same rows with labels of one kind alone, their weights summing to 1."""
    context_or_clean = batch.segments >= -1
    weights = batch.weights * (context_or_clean if causal else ~context_or_clean)
    return replace(batch, weights=weights / weights.sum().clamp_min(1e-6))
