"""Canvases on which an artefact is calibrated and compared: windows of text with masks in the
middle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.backends.interface import Batch
from engine.network.model_config import ModelConfig
from engine.text.tokenizer import TextTokenizer

CONTEXT, SLOTS = 192, 12


def canvases(
    config: ModelConfig, folder: Path, texts: Sequence[str], count: int, seed: int
) -> list[Batch]:
    """Passes over ``texts`` in the words of the tokenizer of ``folder``; over random ids where it
    has none."""
    rng = np.random.default_rng(seed)
    known: list[np.ndarray] = []
    if texts and (folder / "tokenizer.json").exists():
        tokenizer = TextTokenizer(folder / "tokenizer.json")
        known = [
            ids
            for ids in (np.array(tokenizer.encode(text), np.int64) for text in texts)
            if len(ids) >= CONTEXT
        ]
    return [_canvas(config, _window(config, known, rng), rng) for _ in range(count)]


def _window(config: ModelConfig, known: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    if not known:  # ids beyond the special ones
        return rng.integers(config.embedding_rows // 50, config.embedding_rows * 9 // 10, CONTEXT)
    ids = known[int(rng.integers(0, len(known)))]
    first = int(rng.integers(0, len(ids) - CONTEXT + 1))
    return ids[first : first + CONTEXT].copy()


def _canvas(config: ModelConfig, ids: np.ndarray, rng: np.random.Generator) -> Batch:
    at = int(rng.integers(0, CONTEXT - SLOTS))
    ids[at : at + SLOTS] = config.mask_token_id
    return Batch(
        input_ids=ids[None],
        position_ids=np.arange(CONTEXT)[None],
        query_index=np.arange(at, at + SLOTS)[None],
        allowed=np.ones((1, config.embedding_rows), bool),
        allowed_row=np.zeros((1, SLOTS), np.int64),
        target_ids=rng.integers(0, config.embedding_rows, (1, SLOTS)),
    )
