"""Line pairs as documents in forward order, and as questions in both directions.

Every document holds a first line before its second line, never the other way round. A question
about the next line is a question in the order of the documents; one about the previous line asks
for the reverse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tokenizers import Tokenizer

from engine.base.structs import Config
from engine.network.model_config import ModelConfig
from training.data.prepare import read_shards
from training.data.tokenizer import train_tokenizer
from training.examples.autoregressive import next_token_rows
from training.examples.batches import epoch_order
from training.examples.forward_process import forward_process, sample_t
from training.examples.loss import llada_weights, mean_weights
from training.examples.objective import Rows, StepBatch
from training.objectives.sft import Pair, sft_rows

NEXT, PREVIOUS = "Next line: {line}\n", "Previous line: {line}\n"
TOKENIZER_POEMS = 4_000
"""Poems that the tokenizer is trained on."""
POEM_TOKENS = 64
"""Length of the pieces of other poems."""


@dataclass(frozen=True)
class LinePair:
    first: str
    second: str

    def question(self, forward: bool) -> tuple[str, str]:
        """Prompt and answer."""
        return (
            (NEXT.format(line=self.first), self.second)
            if forward
            else (PREVIOUS.format(line=self.second), self.first)
        )


Question = tuple[LinePair, bool]
"""A pair, and True for "which line is next?"."""


def read_pairs(path: Path) -> list[LinePair]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [LinePair(record["first"], record["second"]) for record in records]


def read_poems(corpus: Path, count: int) -> list[str]:
    """The first ``count`` training poems."""
    files = sorted(corpus.glob("train-poem-*.jsonl.zst"))
    if not files:
        raise ValueError(
            f"{corpus} holds no train-poem-*.jsonl.zst; set `corpus` to the folder of the training "
            "text."
        )
    return [record["text"] for record, _ in zip(read_shards(files), range(count), strict=False)]


def make_tokenizer(pairs: list[LinePair], poems: list[str], vocab_size: int) -> Tokenizer:
    return train_tokenizer(
        [f"{p.first}\n{p.second}\n" for p in pairs] * 3 + poems[:TOKENIZER_POEMS], vocab_size
    )


def halves(pairs: list[LinePair], seed: int) -> tuple[list[LinePair], list[LinePair]]:
    """The pairs asked for the next line in fine-tuning, and those asked for the previous line."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    shuffled = [pairs[i] for i in order]
    return shuffled[: len(pairs) // 2], shuffled[len(pairs) // 2 :]


class BatchShape(Config, kw_only=True, frozen=True):
    """Batches of both stages."""

    seed: int = 1
    rows: int = 64
    """Documents of a batch of stage 1."""
    question_rows: int = 64
    poem_share: float = 0.5
    """Share of stage 1's first batches that are other poems: the language, before the pairs are
    learnt by heart."""
    poem_steps: int = 500
    rehearsal: float = 0.4
    """Share of stage 2's batches that are documents again."""
    weighting: Literal["llada", "mean"] = "mean"
    """LLaDA's uniform times and 1 / p_mask, or later times (density 2 t in stage 1, 3 t^2 in stage
    2) and every masked token alike, which learns lines by heart in fewer steps."""


class DocumentBatches:
    """Stage 1, an ``Objective``: the pairs over and over, among pieces of other poems."""

    def __init__(
        self,
        model: ModelConfig,
        pairs: list[LinePair],
        poems: list[str],
        tokenizer: Tokenizer,
        config: BatchShape,
    ) -> None:
        self._model, self._shape = model, config
        texts = [f"{pair.first}\n{pair.second}\n" for pair in pairs]
        end = model.eos_token_id
        self._documents = [
            [*e.ids, end] for e in tokenizer.encode_batch(texts, add_special_tokens=False)
        ]
        encoded = tokenizer.encode_batch(poems, add_special_tokens=False)
        self._poems = np.array([i for e in encoded for i in (*e.ids, end)], np.int64)

    def batch(self, step: int) -> StepBatch:
        shape = self._shape
        rng = np.random.default_rng([shape.seed, step])
        if step < shape.poem_steps and rng.random() < shape.poem_share:
            starts = rng.integers(0, len(self._poems) - POEM_TOKENS, max(4, shape.rows * 3 // 8))
            ids = torch.from_numpy(np.stack([self._poems[at : at + POEM_TOKENS] for at in starts]))
        else:
            ids = _padded(
                [self._documents[i] for i in self._like_lengths(step)], self._model.eos_token_id
            )
        if self._model.causal:
            return next_token_rows(ids)
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        # Times spread evenly over (0, 1): every batch sees all of them.
        t = (sample_t(1, generator) + torch.arange(len(ids)) / len(ids)) % 1.0
        t = t if shape.weighting == "llada" else t.sqrt()
        noisy, masked, p_mask = forward_process(ids, t, self._model.mask_token_id, generator)
        weights = (
            llada_weights(p_mask, ids.numel()) * masked
            if shape.weighting == "llada"
            else mean_weights(masked.float())
        )
        return Rows(noisy, ids, weights)

    def validation(self) -> Iterator[tuple[str, StepBatch]]:
        return iter(())

    def _like_lengths(self, step: int) -> list[int]:
        """Documents of one batch: every epoch in a new order, documents of like length together."""
        rows, count = self._shape.rows, len(self._documents)
        per_epoch = max(1, count // rows)
        epoch, at = divmod(step, per_epoch)
        order = epoch_order(self._shape.seed, epoch, 2, count)
        pool, index = divmod(at, 8)
        part = sorted(
            order[pool * 8 * rows : (pool + 1) * 8 * rows], key=lambda i: len(self._documents[i])
        )
        batches = [part[i : i + rows] for i in range(0, len(part), rows)]
        return [
            int(i)
            for i in batches[
                int(np.random.default_rng([epoch, pool]).permutation(len(batches))[index])
            ]
        ]


class Questions:
    """Stage 2, an ``Objective``: fine-tuning on questions, the documents of stage 1 rehearsed in
    between."""

    def __init__(
        self,
        model: ModelConfig,
        questions: list[Question],
        tokenizer: Tokenizer,
        config: BatchShape,
        documents: DocumentBatches,
    ) -> None:
        self._model, self._shape, self._documents = model, config, documents
        self._pairs = [encode_question(question, tokenizer) for question in questions]

    def batch(self, step: int) -> StepBatch:
        shape, count = self._shape, len(self._pairs)
        rng = np.random.default_rng([shape.seed, step, 3])
        if rng.random() < shape.rehearsal:
            return self._documents.batch(1_000_000 + step)
        indices = np.arange(step * shape.question_rows, (step + 1) * shape.question_rows)
        chosen = [
            self._pairs[int(epoch_order(shape.seed, int(at // count), 4, count)[at % count])]
            for at in indices
        ]
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        if shape.weighting == "llada" or self._model.causal:
            return sft_rows(chosen, self._model, generator)
        # As in stage 1, times are late: an answer begins wholly masked.
        t = ((sample_t(1, generator) + torch.arange(len(chosen)) / len(chosen)) % 1.0) ** (1 / 3)
        rows = sft_rows(chosen, self._model, generator, t)
        return Rows(rows.input_ids, rows.targets, mean_weights((rows.weights > 0).float()))

    def validation(self) -> Iterator[tuple[str, StepBatch]]:
        return iter(())


def encode_question(question: Question, tokenizer: Tokenizer) -> Pair:
    prompt, answer = question[0].question(question[1])
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in (prompt, answer)]
    return Pair(list(ids[0]), list(ids[1]))


def _padded(rows: list[list[int]], end: int) -> torch.Tensor:
    ids = torch.full((len(rows), max(map(len, rows))), end)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    return ids
