"""A fill request as a pipeline of values: validate -> copy -> window -> plan -> denoise -> read out
-> rank -> hold back.

Every stage is one function from one frozen value to the next. Those that need the model are
generators: they yield the passes they want and are sent the predictions.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.backends.passes import counting
from engine.base.deadline import Deadline
from engine.decoding.sampler import encode_context
from engine.infill.attempt import answer
from engine.infill.copy_spans import copy_spans
from engine.infill.gate.hold_back import hold_back
from engine.infill.plan import plan
from engine.infill.rank import Found, rank
from engine.infill.search.reranked.answers import reranked_answers
from engine.infill.search.reranked.span_start import prompt_of
from engine.infill.search.reranked.spans import rerankable
from engine.infill.task import FillTask, InfillModel, OnDraft, UncheckedFill, validate
from engine.infill.values import Answer
from engine.infill.window import ENCODED, window
from engine.request.messages import FillRequest, FillResult, apply_spans

TRIES_A_CANDIDATE = 3
"""Samples that may repeat an answer before fewer candidates than asked for are given."""


@dataclass
class Infiller:
    """Fills for one model."""

    model: InfillModel

    def fill(
        self, request: FillRequest, on_draft: OnDraft | None = None
    ) -> Generator[Batch, Predictions, FillResult]:
        """Yields passes, returns the result; ``RequestRejected`` before the first pass when it
        cannot be done.

        The deadline counts from this call, so time spent waiting for the engine is part of it.
        """
        began = self.model.clock()
        deadline = Deadline.after(request.deadline_ms, began, self.model.clock)
        return _fill(UncheckedFill(self.model, request, deadline, on_draft), began)

    def prepare(self, request: FillRequest) -> Generator[Batch, Predictions, None]:
        """Encode the context of a session's request as a whole, so that the request itself costs
        steps only."""
        exact = msgspec.structs.replace(
            request, sampler=msgspec.structs.replace(request.sampler, edits=0)
        )
        task = validate(UncheckedFill(self.model, exact, Deadline()))
        if task.cache in ENCODED:
            prompt = prompt_of(task) if rerankable(task) else window(task)
            yield from encode_context(
                prompt.canvas(prompt.task.spans, {}), prompt.encoded, prompt.table
            )

    def forget(self, session: str) -> Generator[Batch, Predictions, None]:
        """Drop what is kept of a document; a generator, so that it happens in the engine's
        thread."""
        self.model.contexts.forget(session)
        yield from ()


def _fill(unchecked: UncheckedFill, began: float) -> Generator[Batch, Predictions, FillResult]:
    copied = copy_spans(validate(unchecked))
    answers: list[Answer] = []
    nfe = 0
    if copied.remaining.spans:
        answers, nfe = yield from counting(_answers(copied.model_task))
    spans = tuple(hold_back(rank(Found(copied, tuple(answers)))))
    return FillResult(
        text=apply_spans(unchecked.request.text, spans),
        spans=spans,
        nfe=nfe,
        ms=round((unchecked.model.clock() - began) * 1000, 2),
        model=unchecked.model.name,
        backend=unchecked.model.backend,
        stopped="deadline" if unchecked.deadline.passed else "complete",
    )


def _answers(task: FillTask) -> Generator[Batch, Predictions, list[Answer]]:
    """Different answers, the best first: ``n`` of them, and more while none leaves the syntax
    whole."""
    if rerankable(task) and (ranked := (yield from reranked_answers(task))):
        return ranked
    planned = yield from plan(window(task))
    answers: list[Answer] = []
    wanted, repairs, sure = task.request.n, task.request.sampler.repairs, planned.greedy_answers
    for number in range(sure + TRIES_A_CANDIDATE * (wanted - 1) + repairs):
        found = yield from answer(planned, number)
        if all(found.texts != other.texts for other in answers):
            answers.append(found)
        unbroken = any(other.new_errors == 0 for other in answers) or number + 1 >= sure + repairs
        if task.deadline.passed or (number + 1 >= sure and len(answers) >= wanted and unbroken):
            break
    return sorted(answers, key=lambda found: (found.new_errors, -found.confidence))
