"""Answers of an autoregressive twin: the same transformer with a causal mask, trained on the same text.

It sees both sides by fill-in-the-middle, or only what stands before. Its window holds the same text as the engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.infill_cases import Case
from benchmarks.quality import GIVEN, TWIN, TWIN_BEFORE_ONLY, as_many_lines, longest_answer
from engine import Span
from engine.checkpoint import load_checkpoint
from engine.finish import finish
from engine.tokenizer import TextTokenizer
from engine.window import context_window
from training.autoregressive import continue_greedily, fim_prompt

BATCH = 20


def twin_answers(checkpoint: Path, cases: Sequence[Case], window: int) -> list[dict[str, str]]:
    """Way -> text for every case; ``ValueError`` when ``checkpoint`` is not autoregressive."""
    model = load_checkpoint(checkpoint, torch.float32).eval().requires_grad_(False)
    if not model.config.causal:
        raise ValueError(f"{checkpoint} is no autoregressive model (`causal = true`)")
    tokenizer = TextTokenizer(checkpoint / "tokenizer.json")
    answers: list[dict[str, str]] = [{} for _ in cases]
    for at in range(0, len(cases), BATCH):
        part = cases[at : at + BATCH]
        lengths = [len(tokenizer.encode(case.answer)) for case in part]
        most = max(max(lengths), *(longest_answer(case) for case in part))
        for way in (TWIN, TWIN_BEFORE_ONLY):
            prompts = [_prompt(case, tokenizer, window - longest_answer(case), way == TWIN) for case in part]
            found = continue_greedily(model, prompts, most, model.config.eos_token_id)
            for i, (case, ids, length) in enumerate(zip(part, found, lengths, strict=True), at):
                free = tokenizer.decode(ids[: longest_answer(case)])
                # The end of a middle is learnt; without a suffix nothing tells where to stop but the line.
                answers[i][way] = _finished(free, case) if way == TWIN else as_many_lines(free, case)
                answers[i][way + GIVEN] = tokenizer.decode(ids[:length])
    return answers


def _prompt(case: Case, tokenizer: TextTokenizer, budget: int, both_sides: bool) -> list[int]:
    if both_sides:
        return fim_prompt(*context_window(case.text, [Span(start=case.start, end=case.end)], tokenizer, budget).pieces)
    before = case.text[: case.start]
    return context_window(before, [Span(start=len(before), end=len(before))], tokenizer, budget).pieces[0]


def _finished(answer: str, case: Case) -> str:
    if "\n" not in case.answer:
        answer = answer.split("\n")[0]
    return finish(answer, case.text, case.start, case.end)
