"""Judge a checkpoint on held-out cuts by forced answers: nats a token, and whether greedy decoding
would be exact.

Decoding greedily from the left is exact just when, at every step, the most probable token given the
true ones before it is the true one. So one pass per case tells what decoding would give, for every
way of reading:

    prefix    what stands before the span alone, causally; the parent's own reading
    fim       both sides, causally ("one token at a time" of an autoregressive model); with its end
    first     both sides, wholly masked, length told: the first pass of a fill
    single    masks from the left, one at a time, length told

Shapes: B cases, S tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from engine.decoding.stretches import stretch_starts
from engine.network.model import MaskPredictor
from engine.request.words import is_word
from training.adaptation.batch import collate
from training.adaptation.rows import Row
from training.examples.adapt_batch import AdaptBatch
from training.examples.visibility import CLEAN, NOISY, visible

MAX_TOKENS = 20
"""Longer answers are left out: their one-at-a-time views would fill a row."""
ROWS = 4
"""Cases of one pass."""


@dataclass(frozen=True)
class HeldOutCut:
    """A text with one span; ``text[start:end]`` is the answer."""

    text: str
    start: int
    end: int
    group: str = ""


@dataclass
class JudgedAnswer:
    """Of one case and one way of reading."""

    nats: float
    """Mean over the tokens of the answer."""
    exact: bool


WAYS = ("prefix", "fim", "first", "single")


def encode_cut(
    cut: HeldOutCut, tokenizer: Tokenizer, budget: int
) -> tuple[list[int], list[int], list[int]] | None:
    """Ids before, of and after the answer, half words taken into it; ``None`` for an answer that is
    too long or has no token."""
    start, end, text = cut.start, cut.end, cut.text
    if start and text[start - 1] == " ":
        start -= 1
    left, right = text[max(0, start - 4 * budget) : start], text[end : end + 4 * budget]
    pieces = [tokenizer.encode(piece, add_special_tokens=False).ids for piece in (left, right)]
    before, after = list(pieces[0]), list(pieces[1])
    answer = text[start:end]
    if before and left and is_word(left[-1]):
        answer = tokenizer.decode([before.pop()]) + answer
    if after and right and is_word(right[0]):
        answer += tokenizer.decode([after.pop(0)])
    ids = list(tokenizer.encode(answer, add_special_tokens=False).ids)
    room = budget - len(ids)
    # Two thirds of the window for what stands before, unless there is less of it.
    behind = min(len(after), max(room // 3, room - len(before)))
    ahead = min(len(before), room - behind)
    return (
        (before[len(before) - ahead :], ids, after[:behind]) if 0 < len(ids) <= MAX_TOKENS else None
    )


def judge(
    model: MaskPredictor,
    tokenizer: Tokenizer,
    cuts: Sequence[HeldOutCut],
    budget: int = 448,
    one_order: bool = False,
    start_tokens: bool = True,
    ways: Sequence[str] = WAYS,
) -> list[dict[str, JudgedAnswer] | None]:
    """Way -> judgement for every cut; ``None`` for one that is left out."""
    encoded = {
        i: found
        for i, cut in enumerate(cuts)
        if (found := encode_cut(cut, tokenizer, budget)) is not None
    }
    results: dict[int, dict[str, JudgedAnswer]] = {i: {} for i in encoded}
    # Answers of one length share a batch.
    order = sorted(encoded, key=lambda i: len(encoded[i][1]))
    for at in range(0, len(order), ROWS):
        numbers = order[at : at + ROWS]
        for way in ways:
            rows = [_row(model, *encoded[i], way, one_order, start_tokens) for i in numbers]
            batch = collate(rows, max(map(len, rows)), 1.0)
            for number, (nats, hits) in zip(numbers, _forced(model, batch), strict=True):
                results[number][way] = JudgedAnswer(float(nats.mean()), bool(hits.all()))
    return [results.get(i) for i in range(len(cuts))]


@torch.no_grad()
def _forced(model: MaskPredictor, batch: AdaptBatch) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Nats of every label of every row, and whether the label is the most probable token."""
    hidden, _ = model.encode(batch.input_ids, batch.position_ids, visible=visible(batch.segments))
    banned = [i for i in model.config.unspeakable_ids if i != model.config.span_end_token_id]
    for row in range(len(batch)):
        labelled = batch.weights[row] != 0
        logits = model.head(hidden[row, labelled]).float()
        logits[:, banned] = -torch.inf
        targets = batch.targets[row, labelled]
        nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        text = targets != model.config.span_end_token_id
        yield nats[text].numpy(), (logits.argmax(-1) == targets).numpy()


def _row(
    model: MaskPredictor,
    before: list[int],
    answer: list[int],
    after: list[int],
    way: str,
    one_order: bool,
    begins: bool,
) -> Row:
    config = model.config
    assert config.gap_token_id is not None and config.span_end_token_id is not None
    first = [config.gap_token_id, *before] if begins or not before else before
    last = [config.gap_token_id, *after] if begins or not after else after
    if way == "prefix":
        last = []
    (first_start, last_start), [position] = stretch_starts([len(first), len(last)], [len(answer)])
    row = Row()
    for i, token in enumerate(last):
        row.add(token, last_start + i, 1)
    for i, token in enumerate(first[:-1]):
        row.add(token, first_start + i, 1 if one_order and last else 2)
    anchor = first[-1]
    if way in ("prefix", "fim"):
        labels = [*answer, config.span_end_token_id]
        for i, token in enumerate([anchor, *answer]):
            row.add(
                token,
                position - 1 + i,
                CLEAN,
                labels[i],
                causal=float(way == "fim" or i < len(answer)),
            )
        return row
    for shown in (0,) if way == "first" else range(len(answer)):
        slots = [*answer[:shown], *[config.mask_token_id] * (len(answer) - shown)]
        for i, token in enumerate([anchor, *slots]):
            labelled = i < len(answer) and (way == "first" or i == shown)
            row.add(
                token,
                position - 1 + i,
                NOISY - shown,
                answer[i] if labelled else 0,
                masked=float(labelled),
            )
    return row


def summary(results: Sequence[dict[str, JudgedAnswer] | None]) -> dict[str, float]:
    """Mean nats and share of exact answers of every way, in percent."""
    kept = [result for result in results if result]
    figures: dict[str, float] = {"cases": len(kept)}
    for way in kept[0]:
        figures[f"{way}_nats"] = round(float(np.mean([result[way].nats for result in kept])), 3)
        figures[f"{way}_exact"] = round(
            100 * float(np.mean([result[way].exact for result in kept])), 1
        )
    return figures
