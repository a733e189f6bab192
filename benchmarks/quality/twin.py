"""Answers of an autoregressive twin: the same transformer with a causal mask, trained on the same
text.

It sees both sides by fill-in-the-middle, where it learnt that, or only what stands before. Its
window holds the same text as the engine's. What may be doubted is decided for it: a prefix that
ends inside a word is healed (its last word is written again and may end elsewhere), and where the
length is told, that is the number of characters, not of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.infill_cases import Case
from benchmarks.quality.exact_match import (
    GIVEN,
    TWIN,
    TWIN_BEFORE_ONLY,
    as_many_lines,
    longest_answer,
)
from engine import Span
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor
from engine.text.context_window import context_window
from engine.text.finishing.postprocess import finish
from engine.text.tokenizer import HALF_CHARACTER, TextTokenizer
from training.examples.autoregressive import continue_greedily, fim_prompt

BATCH = 20
WORD_TOKENS = 6
"""A last word of more tokens is left as it is."""


def twin_answers(
    checkpoint: Path, cases: Sequence[Case], window: int, fim: bool = True
) -> list[dict[str, str]]:
    """Way -> text for every case; ``fim``: with both sides too. ``ValueError`` for a ``checkpoint``
    without causal mask."""
    model = load_checkpoint(checkpoint, torch.float32).eval().requires_grad_(False)
    if not model.config.causal:
        raise ValueError(f"{checkpoint} is not an autoregressive model (`causal = true`)")
    tokenizer = TextTokenizer(checkpoint / "tokenizer.json")
    prefix_only = _PrefixOnly(model, tokenizer, window)
    answers: list[dict[str, str]] = [{} for _ in cases]
    # Cases of one length share a batch: what is short does not wait for what is long.
    order = sorted(range(len(cases)), key=lambda i: _longest(cases[i], tokenizer))
    for at in range(0, len(order), BATCH):
        numbers = order[at : at + BATCH]
        part = [cases[i] for i in numbers]
        for i, case, text in zip(numbers, part, prefix_only.answers(part), strict=True):
            # Nothing tells where to stop but the number of lines.
            answers[i][TWIN_BEFORE_ONLY] = as_many_lines(text, case)
            answers[i][TWIN_BEFORE_ONLY + GIVEN] = text[: len(case.answer)]
        if fim:
            for i, case, text in zip(
                numbers, part, _between(model, tokenizer, part, window), strict=True
            ):
                answers[i][TWIN] = _finished(text, case)
                answers[i][TWIN + GIVEN] = text[: len(case.answer)]
    return answers


class _PrefixOnly:
    """Continues what stands before, its last word written again."""

    def __init__(self, model: MaskPredictor, tokenizer: TextTokenizer, window: int) -> None:
        self._model, self._tokenizer, self._window = model, tokenizer, window
        self._texts = tokenizer.token_texts()

    def answers(self, cases: Sequence[Case]) -> list[str]:
        end_id, healed, prompts = self._model.config.eos_token_id, [], []
        for case in cases:
            before = case.text[: case.start]
            budget = self._window - longest_answer(case)
            ids = list(
                context_window(
                    before, [Span(start=len(before), end=len(before))], self._tokenizer, budget
                ).pieces[0]
            )
            kept = self._without_last_word(ids)
            healed.append("".join(self._texts[i] for i in ids[kept:]))
            prompts.append(ids[:kept] or [end_id])
        most = max(_longest(case, self._tokenizer) for case in cases) + WORD_TOKENS

        def allowed(row: int, answer: list[int]) -> Tensor | None:
            return self._that_go_on(healed[row][len(self._tokenizer.decode(answer)) :])

        found = continue_greedily(self._model, prompts, most, end_id, allowed)
        return [
            self._tokenizer.decode(ids)[len(word) :]
            for ids, word in zip(found, healed, strict=True)
        ]

    def _without_last_word(self, ids: list[int]) -> int:
        """How many tokens stand before the last word; its parts are few, and whole characters."""
        for at in range(len(ids) - 1, max(-1, len(ids) - 1 - WORD_TOKENS), -1):
            text = self._texts[ids[at]]
            if not text or HALF_CHARACTER in text:
                break
            if text[0].isspace() or at == 0 or self._texts[ids[at - 1]][-1:].isspace():
                return at
        return len(ids)

    def _that_go_on(self, word: str) -> Tensor | None:
        """True (V,) for tokens that begin with ``word`` or that it begins with; ``None`` when
        nothing is left of it."""
        if not word:
            return None
        allowed = torch.zeros(self._model.config.embedding_rows, dtype=torch.bool)
        allowed[self._tokenizer.ids_that_begin(word)] = True
        allowed[[i for i, text in enumerate(self._texts) if text and word.startswith(text)]] = True
        return allowed


def _between(
    model: MaskPredictor, tokenizer: TextTokenizer, cases: Sequence[Case], window: int
) -> list[str]:
    """What fill-in-the-middle writes, up to the end that it sets."""
    prompts = []
    for case in cases:
        span = Span(start=case.start, end=case.end)
        prompts.append(
            fim_prompt(
                *context_window(case.text, [span], tokenizer, window - longest_answer(case)).pieces
            )
        )
    most = max(_longest(case, tokenizer) for case in cases)
    return [
        tokenizer.decode(ids)
        for ids in continue_greedily(model, prompts, most, model.config.eos_token_id)
    ]


def _longest(case: Case, tokenizer: TextTokenizer) -> int:
    return max(longest_answer(case), len(tokenizer.encode(case.answer)))


def _finished(answer: str, case: Case) -> str:
    if "\n" not in case.answer:
        answer = answer.split("\n")[0]
    return finish(answer, case.text, case.start, case.end)
