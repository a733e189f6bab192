"""The fifth stage: one attempt at an answer is denoised; attempts go on until an answer keeps what
the spans ask for."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from engine.backends.interface import Batch, Predictions
from engine.base.errors import RequestRejected
from engine.decoding import sampler
from engine.decoding.canvas import Canvas
from engine.decoding.sampler import Denoising, Rules
from engine.decoding.transfer_rules import TransferRule
from engine.infill.readout import broken_promise, draft_of, new_errors_of, read_out
from engine.infill.search.causal_answer import write_causally, written_causally
from engine.infill.search.pins import put
from engine.infill.search.refine import AGAIN, refinable, refine
from engine.infill.values import Answer, Denoised, Plan

ALTERNATIVE_TEMPERATURE = 0.7
"""Of answers beyond the greedy ones, where the request names none: they are to differ."""
TRIES = 12
"""Attempts that may break a guarantee before the request is rejected."""


@dataclass(frozen=True)
class Attempt:
    """One way to carry out a plan."""

    plan: Plan
    number: int
    """Of the answer: the first ones are greedy, one for each length that is tried; later ones are
    sampled."""
    rank: int = 0
    """Which arrangement of the pins."""
    banned: frozenset[int] = frozenset()
    """Tokens that began a forbidden string in an earlier attempt."""

    @property
    def possible(self) -> bool:
        """False when there is no such arrangement of the pins."""
        fewest = min(map(len, self.plan.arrangements.values()), default=0)
        return self.rank == 0 or self.rank < fewest


def answer(plan: Plan, number: int) -> Generator[Batch, Predictions, Answer]:
    """Answer ``number`` of a plan; ``RequestRejected`` when no attempt keeps its promises."""
    attempt, broken = Attempt(plan, number), ""
    for _ in range(TRIES):
        if not attempt.possible:
            break
        denoised = yield from denoise(attempt)
        found = read_out(denoised)
        broken, token = broken_promise(denoised, found)
        if not broken:
            return replace(
                found, new_errors=new_errors_of(plan.prompt.task.request, plan.spans, found)
            )
        if plan.prompt.task.deadline.expired():
            break
        if token is None:
            attempt = replace(attempt, rank=attempt.rank + 1)
        else:
            attempt = replace(attempt, banned=attempt.banned | {token})
    raise RequestRejected(f"No answer was found that keeps what was asked: {broken}.")


def denoise(attempt: Attempt) -> Generator[Batch, Predictions, Denoised]:
    """Denoise all spans together, then each once more between the answers of the others; or write
    them from the left."""
    plan, prompt = attempt.plan, attempt.plan.prompt
    canvas, cache, rules = _canvas(attempt), prompt.cache_plan(), _rules(attempt)
    table = prompt.table.without(sorted(attempt.banned)) if attempt.banned else prompt.table
    if written_causally(plan):
        likelihoods = yield from write_causally(canvas, plan, table, rules)
        if likelihoods is not None:
            return Denoised(plan, canvas, tuple(likelihoods))
    blocks = [list(range(len(plan.spans)))]
    yield from sampler.denoise(canvas, blocks, cache, table, rules, prompt.lengths(plan.spans))

    def write(second_look: Canvas, group: int) -> Denoising:
        silent = replace(rules, transfer=_transfer(plan), on_step=lambda canvas, step: None)
        return sampler.denoise(
            second_look, [[group]], cache, table, silent, prompt.lengths(plan.spans)
        )

    canvas = yield from refine(canvas, _second_sizes(plan, canvas), write, prompt.task.deadline)
    return Denoised(plan, canvas)


def _canvas(attempt: Attempt) -> Canvas:
    """The spans as masks, with pins and choices written onto them."""
    plan = attempt.plan
    sizes = plan.sizes[attempt.number if attempt.number < plan.greedy_answers else 0]
    canvas = plan.prompt.canvas(plan.spans, sizes)
    for i in range(len(plan.spans)):
        if i in plan.chosen:
            put(canvas, i, plan.chosen[i].arrangement)
        elif i in plan.arrangements:
            put(canvas, i, plan.arrangements[i][attempt.rank])
    return canvas


def _second_sizes(plan: Plan, canvas: Canvas) -> dict[int, int]:
    """Spans that are written once more -> masks that they start with."""
    lengths, sizes = plan.prompt.lengths(plan.spans), {}
    for i in refinable(plan.spans):
        least, most = lengths.spans[i].min_tokens, plan.spans[i].max_tokens
        free = lengths.can_resize and not lengths.spans[i].exact
        sizes[i] = min(most, max(least, AGAIN)) if free else len(canvas.places(i))
    return sizes


def _rules(attempt: Attempt) -> Rules:
    plan, number, task = attempt.plan, attempt.number, attempt.plan.prompt.task
    options, show = task.request.sampler, task.on_draft
    # What is written a second time needs no care the first time.
    careful = max(1, len(task.owners) - len(refinable(plan.spans)))
    rules = Rules(
        steps=options.steps or task.model.calibration.steps * careful,
        transfer=_transfer(plan),
        at_least_schedule=True,
        temperature=options.temperature
        or (ALTERNATIVE_TEMPERATURE if number >= plan.greedy_answers else 0.0),
        seed=task.request.seed + number,
        deadline=task.deadline,
    )
    if show is None or number:
        return rules
    tokenizer, borders = task.model.tokenizer, plan.prompt.healing.borders
    return replace(
        rules,
        on_step=lambda canvas, step: show(draft_of(canvas, step, plan.spans, tokenizer, borders)),
    )


def _transfer(plan: Plan) -> TransferRule:
    """A rule for one run: it may remember earlier steps."""
    task = plan.prompt.task
    return task.model.transfer(task.request.sampler)
