"""Spans written one token at a time, where a model does that better than by masks.

What spans of masks keep by construction is kept here step by step: half words around a span that
were taken back, a single line, a length that was told, and never nothing at all. Later spans see
the answers of earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.causal.one_at_a_time import WritingRules, Written, write_one_at_a_time
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import Constraint, ConstraintTable
from engine.decoding.sampler import Rules, encode_context
from engine.decoding.stretches import RESERVED
from engine.decoding.token_healing import Border
from engine.infill.plan import Plan

LONGEST = 96
"""Tokens after which a single span that was told no length ends."""


def written_causally(plan: Plan) -> bool:
    """Whether all spans of a plan can be written from the left, and should."""
    task = plan.prompt.task
    order = task.request.sampler.order
    if order == "auto":
        order = "one_at_a_time" if task.model.calibration.one_at_a_time else "together"
    if order == "together" or task.cache != "causal":
        return False
    several = len(plan.spans) > 1
    return not any(
        span.pins
        or span.choices
        or span.name
        or (span.lines or 1) > 1
        or (several and (span.tokens or 0) > RESERVED)
        for span in plan.spans
    )


def write_causally(
    canvas: Canvas, plan: Plan, table: ConstraintTable, rules: Rules
) -> Generator[Batch, Predictions, list[float] | None]:
    """Write the spans of ``canvas`` in place; how likely each answer is. ``None``, and no change,
    where one has no text, or not the half word that follows it."""
    prompt, spans = plan.prompt, plan.spans
    model, cache, borders = prompt.task.model, prompt.cache_plan(), prompt.healing.borders
    assert isinstance(cache, CausalContext), "asked of models with causal context alone"
    yield from encode_context(canvas, cache, table)
    longest = LONGEST if len(spans) == 1 else RESERVED
    draft = canvas.copy()

    def show(group: int, written: Written) -> None:
        draft.restart(group, len(written.tokens) + 1)
        _put(draft, group, written)
        rules.on_step(draft, len(written.tokens))

    writing = [
        WritingRules(
            allowed=_Allowed(plan, table, i),
            max_tokens=span.tokens or min(span.max_tokens + prompt.healing.slots(i), longest),
            temperature=rules.temperature,
            seed=rules.seed + i,
            deadline=rules.deadline,
            on_token=partial(show, i),
        )
        for i, span in enumerate(spans)
    ]
    answers = yield from write_one_at_a_time(canvas, cache, model.config, writing)
    for i, written in enumerate(answers):
        text = model.tokenizer.decode(written.tokens)
        if not written.tokens or not _ends(text, borders.get(i, Border())):
            return None
    for i, written in enumerate(answers):
        canvas.restart(i, len(written.tokens))
        _put(canvas, i, written)
    # A length that was told is an end that was told.
    return [
        math.exp(sum(written.log_probs)) if span.tokens else written.likelihood
        for span, written in zip(spans, answers, strict=True)
    ]


def _put(canvas: Canvas, group: int, written: Written) -> None:
    places = canvas.places(group)[: len(written.tokens)]
    canvas.transfer(places, np.array(written.tokens, np.int64), np.array(written.log_probs))


class _Allowed:
    """What may follow the tokens so far."""

    def __init__(self, plan: Plan, table: ConstraintTable, i: int) -> None:
        span, healing = plan.spans[i], plan.prompt.healing
        self._tokenizer = plan.prompt.task.model.tokenizer
        self._end = plan.prompt.task.model.config.span_end_token_id
        self._border = healing.borders.get(i, Border())
        one_line = span.single_line or span.lines is not None
        self._text = table.row(Constraint.SINGLE_LINE if one_line else Constraint.TEXT)
        outer = healing.rows.get(i)
        begins = outer is not None and outer.first is not None and self._border.before
        self._first = table.allowed[outer.first] if outer is not None and begins else self._text
        self._least, self._exact = max(1, span.min_tokens), span.tokens

    def __call__(self, tokens: list[int]) -> Bools:
        row = (self._text if tokens else self._first).copy()
        row[self._end] = self._may_end(tokens)
        return row

    def _may_end(self, tokens: list[int]) -> bool:
        if self._exact is not None or len(tokens) < self._least:
            return False
        return _ends(self._tokenizer.decode(tokens), self._border)


def _ends(text: str, border: Border) -> bool:
    """Whether ``text`` has something between the half words that were taken back, and ends with the
    one behind the span. Spaces alone are nothing: whoever leaves a blank wants words."""
    own = text[len(border.before) : len(text) - len(border.after)]
    return text.endswith(border.after) and bool(own.strip(" "))
