"""Cut-out pieces of held-out Python, the same for every model, and how many of them a model writes
exactly.

The true number of tokens is told, so that models are compared by what they write and not by where
they stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tokenizers import Tokenizer

from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.torch.backend import TorchBackend
from engine.network.model import MaskPredictor
from engine.text.tokenizer import TextTokenizer
from training.data.shards import TokenShard
from training.examples.autoregressive import continue_greedily, fim_prompt
from training.examples.infill_examples import InfillConfig, choose_spans

SIDE_TOKENS = 100
"""Context on each side of a piece, well inside the rows of training."""
SHORTEST, LONGEST = 4, 12
"""Characters of a piece."""
ENOUGH = 40
"""Characters of a text with something around a piece."""
BATCH = 50
"""Pieces that share a pass."""


@dataclass(frozen=True)
class Piece:
    before: str
    text: str
    after: str


def cut_pieces(shard: TokenShard, tokenizer: Tokenizer, count: int) -> list[Piece]:
    """``count`` pieces of 4 to 12 characters at any place of a line."""
    rng = np.random.default_rng(0)
    cut = InfillConfig(p_any_character=1.0, p_syntax=0.0)
    pieces: list[Piece] = []
    while len(pieces) < count:
        document = shard.document(int(rng.integers(shard.num_documents)))
        at = int(rng.integers(0, max(1, len(document) - 2 * SIDE_TOKENS)))
        text = tokenizer.decode(document[at : at + 2 * SIDE_TOKENS].tolist()).strip("\ufffd")
        for start, end in choose_spans(text, 1, cut, rng, LONGEST) if len(text) > ENOUGH else []:
            if end - start >= SHORTEST:
                pieces.append(Piece(text[:start], text[start:end], text[end:]))
    return pieces


def exact_match(
    model: MaskPredictor,
    tokenizer: Path,
    pieces: list[Piece],
    cache: Literal["auto", "none", "dual", "hidden"] = "auto",
) -> float:
    """Share of ``pieces`` that a mask predictor fills exactly; ``cache`` as in requests."""
    options = SamplerOptions(cache=cache)
    with Engine.with_backend(
        model.config, TextTokenizer(tokenizer), TorchBackend(model, torch.device("cpu"))
    ) as engine:
        hits = 0
        for at in range(0, len(pieces), BATCH):
            jobs = []
            for piece in pieces[at : at + BATCH]:
                start, tokens = len(piece.before), len(engine.tokenizer.encode(piece.text))
                span = Span(
                    start=start, end=start + len(piece.text), single_line=True, tokens=tokens
                )
                text = piece.before + piece.text + piece.after
                jobs.append(
                    (
                        piece,
                        engine.submit_fill(FillRequest(text=text, spans=(span,), sampler=options)),
                    )
                )
            hits += sum(job.future.result().spans[0].text == piece.text for piece, job in jobs)
    return hits / max(1, len(pieces))


def causal_exact_match(
    model: MaskPredictor, tokenizer: Path, pieces: list[Piece], both_sides: bool
) -> float:
    """The same of an autoregressive model: by fill-in-the-middle, or from what stands before
    alone."""
    text = TextTokenizer(tokenizer)
    hits = 0
    for at in range(0, len(pieces), BATCH):
        part = pieces[at : at + BATCH]
        sizes = [len(text.encode(piece.text)) for piece in part]
        sides = [(text.encode(piece.before), text.encode(piece.after)) for piece in part]
        prompts = [fim_prompt(before, after) if both_sides else before for before, after in sides]
        found = continue_greedily(model, prompts, max(sizes), model.config.eos_token_id)
        hits += sum(
            text.decode(ids[:n]) == piece.text
            for ids, n, piece in zip(found, sizes, part, strict=True)
        )
    return hits / max(1, len(pieces))
