"""Reversal by question (LLaDA, section 3.3 and ``eval_reverse.py``): which line follows, which line
precedes?

An answer counts when the true line is part of it. Greedy, one step a token, one block, no end
token, as upstream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import Engine
from engine.llada.generate import GenerateRequest
from engine.text.chat_template import ChatTemplate, Message

BATCH = 64


@dataclass(frozen=True)
class Question:
    forward: bool
    text: str
    answer: str


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """(first, second) lines of a JSON list or of JSONL; ``ValueError`` names what is missing."""
    text = path.read_text(encoding="utf-8").strip()
    records = (
        json.loads(text)
        if text.startswith("[")
        else [json.loads(line) for line in text.splitlines()]
    )
    try:
        return [(record["first"], record["second"]) for record in records]
    except (KeyError, TypeError) as exc:
        raise ValueError("every record needs `first` and `second`") from exc


def questions(
    pairs: list[tuple[str, str]], next_question: str, previous_question: str
) -> Iterator[Question]:
    """Both questions of every pair; ``{line}`` in a template stands for the line that is given."""
    for first, second in pairs:
        yield Question(True, next_question.replace("{line}", first), second)
        yield Question(False, previous_question.replace("{line}", second), first)


def ask(
    engine: Engine, template: ChatTemplate, asked: list[Question], gen_length: int
) -> list[str]:
    """The checkpoint's answers."""
    answers = []
    for at in range(0, len(asked), BATCH):
        prompts = [
            template.encode([Message(role="user", content=question.text)])
            for question in asked[at : at + BATCH]
        ]
        requests = [
            GenerateRequest(
                prompt_ids=ids,
                steps=gen_length,
                gen_length=gen_length,
                block_length=gen_length,
                logits_eos_inf=True,
            )
            for ids in prompts
        ]
        answers += [
            engine.tokenizer.decode(list(result.ids)) for result in engine.generate_all(requests)
        ]
    return answers


def accuracy(asked: list[Question], answers: list[str]) -> dict[str, float | int]:
    """Share of right answers, forward and backward."""
    hits = {True: [], False: []}  # type: dict[bool, list[bool]]
    for question, answer in zip(asked, answers, strict=True):
        hits[question.forward].append(question.answer in answer)
    return {
        "pairs": len(hits[True]),
        "forward": round(sum(hits[True]) / len(hits[True]), 4),
        "reverse": round(sum(hits[False]) / len(hits[False]), 4),
    }
