"""Batches by step number: the same run, seed and step always give the same batch, which is what
makes resume exact.

Shapes: B rows, L plain canvas length, C context tokens, N span slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from engine.network.model_config import ModelConfig
from training.data.neighbours import neighbours, random_snippets
from training.data.shards import PYTHON, TokenShard
from training.data.windows import WindowSizes, draw_window
from training.examples.infill_examples import InfillConfig, InfillExample, make_example
from training.examples.loss import mean_weights


@lru_cache(maxsize=4)
def epoch_order(seed: int, epoch: int, stream: int, count: int) -> NDArray[np.int64]:
    """A permutation of ``count`` items, the same for the same epoch; kept, because every step of
    the epoch asks for it."""
    return np.random.default_rng([seed, epoch, stream]).permutation(count)


P_SHORT_BATCH = 0.01
"""Share of batches of plain rows that are cut to a random length (LLaDA, appendix B.1)."""
P_WHOLE_WINDOW, SHORTEST_WINDOW, SPARE_TOKENS = 0.7, 24, 16
"""Share of windows that fill the context, with a few tokens more to cut spans out of."""


@dataclass
class InfillBatch:
    """Padded examples; padding has False in the key masks and never a label."""

    context_ids: Tensor  # (B, C)
    context_positions: Tensor  # (B, C) places on the canvas, the spans' slots counted
    context_mask: Tensor  # (B, C) bool
    span_ids: Tensor  # (B, N)
    span_positions: Tensor  # (B, N)
    span_mask: Tensor  # (B, N) bool
    targets: Tensor  # (B, N)
    masked: Tensor  # (B, N) bool: slots with a label
    weights: Tensor  # (B, N), zero where there is no label; they sum to 1
    hidden: bool
    """True: the context is encoded without the spans."""

    kind: str = "infill"

    def __len__(self) -> int:
        return len(self.context_ids)

    @property
    def tokens(self) -> int:
        return self.context_ids.numel() + self.span_ids.numel()

    def part(self, rows: slice, device: torch.device) -> InfillBatch:
        """Some rows, on ``device``."""
        moved: dict[str, Any] = {
            name: value[rows].to(device)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return InfillBatch(**moved, hidden=self.hidden)


class TrainingWindow(NamedTuple):
    """Text of one document, where it is from, and the kind of its shard."""

    text: str
    kind: str
    shard: TokenShard
    document: int


class Batches:
    """Draws plain rows and infilling examples from weighted shards."""

    def __init__(
        self,
        shards: dict[str, TokenShard],
        weights: dict[str, float],
        seed: int,
        tokenizer: Tokenizer,
    ) -> None:
        self.names = list(weights)
        self.shards = [shards[name] for name in weights]
        total = sum(weights.values())
        self.p = np.asarray([w / total for w in weights.values()])
        self.seed = seed
        self.tokenizer = tokenizer

    def rng(self, step: int, stream: int) -> np.random.Generator:
        """The random numbers of one step; ``stream`` keeps different uses of a step apart."""
        return np.random.default_rng([self.seed, step, stream])

    def plain(self, step: int, rows: int, length: int) -> Tensor:
        """(B, L) windows at random places of the concatenated documents, as LLaDA cuts its stream.

        Now and then the whole batch is cut to a random length (``P_SHORT_BATCH``).
        """
        rng = self.rng(step, 0)
        out = np.empty((rows, length), np.int64)
        for row in range(rows):
            shard = self.shards[int(rng.choice(len(self.shards), p=self.p))]
            start = int(rng.integers(0, max(1, len(shard) - length)))
            window = shard.tokens[start : start + length]
            out[row] = np.resize(window, length) if len(window) < length else window
        if rng.random() < P_SHORT_BATCH:
            out = out[:, : int(rng.integers(1, length + 1))]
        return torch.from_numpy(out)

    def infill(
        self, step: int, rows: int, context: int, model: ModelConfig, config: InfillConfig
    ) -> InfillBatch:
        """``rows`` examples with at most ``context`` context tokens and ``config.slots`` span
        slots."""
        rng = self.rng(step, 1)
        examples: list[InfillExample] = []
        while len(examples) < rows:
            window = self.window(rng, context)
            related = (
                self._related(window, model, config, rng) if rng.random() < config.p_related else []
            )
            example = (
                make_example(
                    window.text,
                    self.tokenizer,
                    model,
                    config,
                    context,
                    rng=rng,
                    is_python=window.kind == PYTHON,
                    related=related,
                )
                if window.text
                else None
            )
            if example is not None:
                examples.append(example)
        return _collate(
            examples,
            context,
            config.slots,
            model.mask_token_id,
            bool(rng.random() < config.hidden_share),
        )

    def window(self, rng: np.random.Generator, context: int) -> TrainingWindow:
        """A random window inside one document, about ``context`` tokens, often shorter."""
        choice = int(rng.choice(len(self.shards), p=self.p))
        shard = self.shards[choice]
        sizes = WindowSizes(context + SPARE_TOKENS, P_WHOLE_WINDOW, (SHORTEST_WINDOW, context))
        index, start, end = draw_window(shard, sizes, rng)
        return TrainingWindow(
            self._decode(shard.tokens[start:end]), self.names[choice], shard, index
        )

    def _related(
        self,
        window: TrainingWindow,
        model: ModelConfig,
        config: InfillConfig,
        rng: np.random.Generator,
    ) -> list[int]:
        """Snippets of documents that stand near in the shard and come from the same source, as the
        engine shows them."""
        files = neighbours(window.shard, window.document, self._decode, rng)
        most, end_id = config.related_tokens, model.eos_token_id
        return random_snippets(files, window.text, self._encode, most, end_id, rng)

    def _decode(self, ids: NDArray[Any]) -> str:
        text: str = self.tokenizer.decode(ids.tolist(), skip_special_tokens=False)
        return text.strip("\ufffd")

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def _collate(
    examples: list[InfillExample], context: int, slots: int, mask_id: int, hidden: bool
) -> InfillBatch:
    def pad(rows: list[list[int]], width: int, value: int = 0) -> Tensor:
        out = np.full((len(rows), width), value, np.int64)
        for i, row in enumerate(rows):
            out[i, : len(row)] = row
        return torch.from_numpy(out)

    def exists(rows: list[list[int]], width: int) -> Tensor:
        lengths: NDArray[np.int64] = np.asarray([len(r) for r in rows])
        return torch.from_numpy(np.arange(width)[None] < lengths[:, None])

    span_ids = pad([e.span_ids for e in examples], slots, mask_id)
    span_mask = exists([e.span_ids for e in examples], slots)
    weights = torch.zeros(len(examples), slots)
    for i, example in enumerate(examples):
        weights[i, : len(example.weights)] = torch.tensor(example.weights)
    masked = span_mask & (span_ids == mask_id)
    return InfillBatch(
        context_ids=pad([e.context_ids for e in examples], context),
        context_positions=pad([e.context_positions for e in examples], context),
        context_mask=exists([e.context_ids for e in examples], context),
        span_ids=span_ids,
        span_positions=pad([e.span_positions for e in examples], slots),
        span_mask=span_mask,
        targets=pad([e.targets for e in examples], slots),
        masked=masked,
        weights=mean_weights(weights * masked),
        hidden=hidden,
    )
