"""Answers of all spans from what was ranked for each: the best of every span together, then the
next."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from engine.backends.interface import Batch, Predictions
from engine.infill.readout import fitted, new_errors_of
from engine.infill.search.reranked.spans import rerank_spans
from engine.infill.task import FillTask
from engine.infill.values import Answer

SPARE = 3
"""Further answers that are looked at while all before them would break the syntax."""


def reranked_answers(task: FillTask) -> Generator[Batch, Predictions, list[Answer]]:
    """Different answers, the best first: those that were asked for, and more while none leaves the
    syntax whole. None at all where a span has no text that may stand in it."""
    ranked = yield from rerank_spans(task)
    if ranked is None:
        return []
    request, encode = task.request, task.model.tokenizer.encode
    judged = {
        i: {
            text: sure
            for text, sure in zip(one.texts, one.confidences, strict=True)
            if text in task.guesses.get(i, {})
        }
        for i, one in enumerate(ranked)
    }
    answers: list[Answer] = []
    for number in range(max(len(one.texts) for one in ranked)):
        ranks = [min(number, len(one.texts) - 1) for one in ranked]
        raw = [one.texts[rank] for one, rank in zip(ranked, ranks, strict=True)]
        texts = [
            fitted(text, request.text, span, request.language)
            for text, span in zip(raw, task.spans, strict=True)
        ]
        if any(texts == other.texts for other in answers):
            continue
        sure = [one.confidences[rank] for one, rank in zip(ranked, ranks, strict=True)]
        sizes = [max(1, len(encode(text))) for text in texts]
        found = Answer(texts, sure, sizes, "reranked", judged=judged)
        answers.append(replace(found, new_errors=new_errors_of(request, task.spans, found)))
        whole = any(answer.new_errors == 0 for answer in answers)
        if len(answers) >= request.n and (whole or len(answers) >= request.n + SPARE):
            break
    return sorted(answers, key=lambda answer: answer.new_errors)
