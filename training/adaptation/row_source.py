"""Draws training rows of the adaptation from weighted shards: windows, spans cut out of them,
snippets of neighbouring files in front."""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer

from engine.network.model_config import ModelConfig
from training.adaptation.batch import collate
from training.adaptation.config import RowConfig
from training.adaptation.rows import Row, fits, make_row
from training.adaptation.spans import cut_window
from training.data.neighbours import neighbours, random_snippets
from training.data.shards import PYTHON, TokenShard
from training.data.windows import WindowSizes, draw_window
from training.examples.adapt_batch import AdaptBatch

WHOLE_WINDOWS = 0.85
"""Share of windows that fill a row's context; the others are shorter, as short documents are."""
SHORTEST = 48
"""Tokens of the shortest window: less has no room for gaps with something around them."""
TRIES = 200
"""Windows drawn for a row before the text is said to be unfit."""


class RowSource:
    """Draws rows from weighted shards."""

    def __init__(
        self,
        shards: dict[str, TokenShard],
        mixture: dict[str, float],
        model: ModelConfig,
        tokenizer: Tokenizer,
        narrow: bool = False,
    ):
        """``narrow``: see ``collate``."""
        names = [name for name in mixture if len(shards[name])]
        self._names, self._shards = names, [shards[name] for name in names]
        total = sum(mixture[name] for name in names)
        self._p = [mixture[name] / total for name in names]
        self._model, self._tokenizer, self._narrow = model, tokenizer, narrow

    def batch(self, seed: int, step: int, rows: int, config: RowConfig) -> AdaptBatch:
        """The rows of one step."""
        rng = np.random.default_rng([seed, step, 11])
        whole = config.context + config.span_tokens
        sizes = WindowSizes(whole, WHOLE_WINDOWS, (SHORTEST, whole))
        made: list[Row] = []
        tries = 0
        while len(made) < rows:
            tries += 1
            if tries > TRIES * rows:
                raise ValueError(
                    f"Of {TRIES * rows} windows of the training text only {len(made)} had room "
                    "for a blank; give it longer files."
                )
            which = int(rng.choice(len(self._shards), p=self._p))
            shard = self._shards[which]
            index, start, end = draw_window(shard, sizes, rng)
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
        return collate(made, config.length, config.autoregressive, frozen, self._narrow)

    def _snippets(
        self, shard: TokenShard, index: int, text: str, config: RowConfig, rng: np.random.Generator
    ) -> list[list[int]]:
        """What documents of the same source have in common with ``text``, as the engine shows it,
        each in a stretch."""
        end_id = self._model.eos_token_id
        files = neighbours(shard, index, self._decode, rng)
        ids = random_snippets(files, text, self._encode, config.related_tokens, end_id, rng)
        return split_at(ids, end_id)

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
