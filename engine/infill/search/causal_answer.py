"""Spans written one token at a time, where a model does that better than by masks.

What spans of masks keep by construction is kept here step by step: half words around a span that
were taken back, a single line, a given length, and never nothing at all. Later spans see
the answers of earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.left_to_right.one_at_a_time import WritingRules, write_one_at_a_time
from engine.decoding.left_to_right.written import Written
from engine.decoding.sampler import Rules, encode_context
from engine.decoding.stretches import RESERVED
from engine.decoding.token_healing import Border
from engine.infill.search.writing_rules import LONGEST_ANSWER, Allowed, closing, ends, guesses
from engine.infill.values import Plan


def written_causally(plan: Plan) -> bool:
    """Whether all spans of a plan can be written from the left, and should; what was chosen between
    given strings stands already."""
    task, several = plan.prompt.task, len(plan.spans) > 1
    return task.order != "together" and not any(
        span.pins
        or 2 * (span.lines or 1) - 1 > _most(plan, i)
        or (i not in plan.chosen and (span.choices or task.shared(i)))
        or (several and (span.tokens or 0) > RESERVED)
        for i, span in enumerate(plan.spans)
    )


def write_causally(
    canvas: Canvas, plan: Plan, table: ConstraintTable, rules: Rules
) -> Generator[Batch, Predictions, list[float] | None]:
    """Write the spans of ``canvas`` in place; how likely each answer is. ``None``, and no change,
    where one has no text, not the half word that follows it, or not the lines that were told."""
    prompt, spans = plan.prompt, plan.spans
    model, cache, borders = prompt.task.model, prompt.cache_plan(), prompt.healing.borders
    assert isinstance(cache, CausalContext), "asked of models with causal context alone"
    yield from encode_context(canvas, cache, table)
    draft = canvas.copy()

    def show(group: int, written: Written) -> None:
        draft.restart(group, len(written.tokens) + 1)
        _put(draft, group, written)
        rules.on_step(draft, len(written.tokens))

    writing = [
        WritingRules(
            allowed=Allowed(prompt, span, table, i, _most(plan, i)),
            given=plan.chosen[i].tokens if i in plan.chosen else (),
            max_tokens=_most(plan, i),
            temperature=rules.temperature,
            seed=rules.seed + i,
            deadline=rules.deadline,
            guess=guesses(prompt, i),
            closing=closing(prompt, table, i),
            on_token=partial(show, i),
        )
        for i, span in enumerate(spans)
    ]
    answers = yield from write_one_at_a_time(canvas, cache, model.config, writing)
    for i, (span, written) in enumerate(zip(spans, answers, strict=True)):
        text = model.tokenizer.decode(written.tokens)
        if not written.tokens or not ends(text, borders.get(i, Border())):
            return None
        if span.lines not in (None, text.count("\n") + 1):
            return None
    for i, written in enumerate(answers):
        canvas.restart(i, len(written.tokens))
        _put(canvas, i, written)
    # With the length the end is given.
    return [
        math.exp(sum(written.log_probs)) if span.tokens else written.likelihood
        for span, written in zip(spans, answers, strict=True)
    ]


def _most(plan: Plan, i: int) -> int:
    """Tokens that span ``i`` may get, half words beside it included."""
    span, longest = plan.spans[i], LONGEST_ANSWER if len(plan.spans) == 1 else RESERVED
    return span.tokens or min(span.max_tokens + plan.prompt.healing.slots(i), longest)


def _put(canvas: Canvas, group: int, written: Written) -> None:
    places = canvas.places(group)[: len(written.tokens)]
    log_probs = np.array(written.log_probs or np.zeros(len(written.tokens)))
    canvas.transfer(places, np.array(written.tokens, np.int64), log_probs)
