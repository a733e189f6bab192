"""``lacuna train adapt RUN.toml``: teach a converted autoregressive checkpoint to fill masks.

Full fine-tuning with AdamW; the embedding, which is the head as well, is frozen but for the control
tokens. Every batch is a function of seed and step, so a run that was stopped resumes exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from engine.network.model_config import ModelConfig
from engine.request.messages import Snippet
from engine.text.related_snippets import related_ids
from training.adaptation.batch import collate
from training.adaptation.config import RowConfig
from training.adaptation.rows import Row, fits, make_row
from training.adaptation.spans import cut_window
from training.data.shards import TokenShard, tokenizer_hash
from training.examples.adapt_batch import AdaptBatch
from training.examples.batches import NEIGHBOUR_TOKENS, NEIGHBOURS, PYTHON
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.lora import LoraConfig

WHOLE_WINDOWS = 0.85
"""Share of windows that fill a row's context; the others are shorter, as short documents are."""
SHORTEST = 48


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
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
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
    objective = AdaptObjective(config, model.config, shards, held_out, tokenizer)
    return train(config, model, objective, config.row.length, identity, config.lora)


class RowSource:
    """Draws rows from weighted shards."""

    def __init__(
        self,
        shards: dict[str, TokenShard],
        mixture: dict[str, float],
        model: ModelConfig,
        tokenizer: Tokenizer,
    ):
        names = [name for name in mixture if len(shards[name])]
        self._names, self._shards = names, [shards[name] for name in names]
        total = sum(mixture[name] for name in names)
        self._p = [mixture[name] / total for name in names]
        self._model, self._tokenizer = model, tokenizer

    def batch(self, seed: int, step: int, rows: int, config: RowConfig) -> AdaptBatch:
        """The rows of one step."""
        rng = np.random.default_rng([seed, step, 11])
        made: list[Row] = []
        while len(made) < rows:
            which = int(rng.choice(len(self._shards), p=self._p))
            shard = self._shards[which]
            index, start, end = self._window(shard, config, rng)
            text = self._decode(shard.tokens[start:end])
            at_beginning = start == int(shard.starts[index])
            if not text.strip():
                continue
            cut = cut_window(
                text, at_beginning, self._names[which] == PYTHON, self._tokenizer, config, rng
            )
            if cut is None:
                continue
            related = rng.random() < config.p_related
            front = self._snippets(shard, index, text, config, rng) if related else []
            row = make_row(cut, front, self._model, config, rng)
            if fits(row, config):
                made.append(row)
        frozen = 0 if config.train_context else config.context
        return collate(made, config.length, config.autoregressive, frozen)

    def _window(
        self, shard: TokenShard, config: RowConfig, rng: np.random.Generator
    ) -> tuple[int, int, int]:
        """Document, first and last token of a window inside it."""
        at = int(rng.integers(0, len(shard)))
        index = int(np.searchsorted(shard.starts, at, side="right")) - 1
        begin, end = int(shard.starts[index]), int(shard.starts[index + 1]) - 1
        whole = config.context + config.span_tokens
        size = whole if rng.random() < WHOLE_WINDOWS else int(rng.integers(SHORTEST, whole))
        start = max(begin, min(at - size // 2, end - size))
        return index, start, min(end, start + size)

    def _snippets(
        self, shard: TokenShard, index: int, text: str, config: RowConfig, rng: np.random.Generator
    ) -> list[list[int]]:
        """What documents of the same source have in common with ``text``, as the engine shows it,
        each in a stretch."""
        source, slash, _ = shard.names[index].partition("/")
        near = range(max(0, index - NEIGHBOURS), min(shard.num_documents, index + NEIGHBOURS + 1))
        beside = [
            i for i in near if slash and i != index and shard.names[i].startswith(source + "/")
        ]
        chosen = rng.permutation(beside)[: int(rng.integers(1, 4))]
        files = [
            Snippet(path=shard.names[i], text=self._decode(shard.document(i)[:NEIGHBOUR_TOKENS]))
            for i in chosen
        ]
        budget = int(rng.integers(config.related_tokens // 4, config.related_tokens + 1))
        ids = related_ids(files, text, self._encode, budget, self._model.eos_token_id)
        return split_at(ids, self._model.eos_token_id)

    def _decode(self, ids: np.ndarray) -> str:
        text: str = self._tokenizer.decode(ids.tolist(), skip_special_tokens=False)
        return text.strip("\ufffd")

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)


def split_at(ids: list[int], end_id: int) -> list[list[int]]:
    """The runs of ``ids`` that ``end_id`` ends."""
    runs: list[list[int]] = [[]]
    for token in ids:
        if token == end_id:
            runs.append([])
        else:
            runs[-1].append(token)
    return [run for run in runs if run]


class AdaptObjective:
    """The rows of every step, and held-out ones."""

    def __init__(
        self,
        config: AdaptConfig,
        model: ModelConfig,
        shards: dict[str, TokenShard],
        held_out: dict[str, TokenShard],
        tokenizer: Tokenizer,
    ) -> None:
        self._config = config
        self._source = RowSource(shards, config.mixture, model, tokenizer)
        self._held_out = RowSource(held_out, config.mixture, model, tokenizer)

    def batch(self, step: int) -> AdaptBatch:
        return self._source.batch(self._config.seed, step, self._config.rows, self._config.row)

    def validation(self) -> Iterator[tuple[str, AdaptBatch]]:
        """``masked`` and ``causal``: nats of the two kinds of labels on held-out rows, the same for
        every run."""
        config = msgspec.structs.replace(self._config.row, p_related=0.0)
        for part in range(self._config.validation_rows // 8):
            for name, weight in (("masked", 0.0), ("causal", 1.0)):
                batch = self._held_out.batch(7, part, 8, config)
                yield name, with_labels(batch, causal=weight > 0.0)


def with_labels(batch: AdaptBatch, causal: bool) -> AdaptBatch:
    """The same rows with labels of one kind alone, their weights summing to 1."""
    context_or_clean = batch.segments >= -1
    weights = batch.weights * (context_or_clean if causal else ~context_or_clean)
    return replace(batch, weights=weights / weights.sum().clamp_min(1e-6))
