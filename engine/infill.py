"""Fill requests as generators of passes: text to canvas, reverse process, canvas to text."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property

from engine.answer import Answer
from engine.backends import Batch, Bools, Predictions
from engine.calibration import Calibration
from engine.config import ModelConfig
from engine.errors import RequestRejected
from engine.fill_job import FillJob
from engine.messages import Draft, FillRequest, FillResult, Span, SpanResult, apply_spans
from engine.passes import counting
from engine.related import related_ids
from engine.skeleton import slots_of
from engine.span_options import checked_spans, tied
from engine.tokenizer import TextTokenizer
from engine.vocabulary import beside_pins
from engine.window import context_pieces
from engine.word_edges import WordEdges

AROUND_CHARS = 1_000
"""Related text is chosen by the names that stand this near to a span."""
TRIES_A_CANDIDATE = 3
"""Samples that may repeat an answer before fewer candidates than asked for are given."""


@dataclass
class Infiller:
    """What every request of one model shares."""

    config: ModelConfig
    tokenizer: TextTokenizer
    allowed: Bools
    model_name: str
    backend_name: str
    clock: Callable[[], float] = time.monotonic
    calibration: Calibration = Calibration()

    def fill(
        self, request: FillRequest, on_draft: Callable[[Draft], None] | None = None
    ) -> Generator[Batch, Predictions, FillResult]:
        """Yields passes, returns the result; ``RequestRejected`` before the first pass when it cannot be done.

        The deadline counts from this call, so time spent waiting for the engine is part of it.
        """
        return self._fill(request, on_draft, self.clock())

    def _fill(
        self, request: FillRequest, on_draft: Callable[[Draft], None] | None, began: float
    ) -> Generator[Batch, Predictions, FillResult]:
        deadline = None if request.deadline_ms is None else began + request.deadline_ms / 1000
        stopped = False

        def expired() -> bool:
            nonlocal stopped
            stopped = deadline is not None and self.clock() >= deadline
            return stopped

        job = self._job(request, expired, on_draft)
        _, nfe = yield from counting(job.prepare())
        answers: list[Answer] = []
        sure = job.greedy_answers
        for number in range(sure + TRIES_A_CANDIDATE * (request.n - 1) + request.sampler.repairs):
            answer, passes = yield from counting(job.answer(number))
            nfe += passes
            if all(answer.texts != other.texts for other in answers):
                answers.append(answer)
            unbroken = any(answer.new_errors == 0 for answer in answers) or number + 1 >= sure + request.sampler.repairs
            if stopped or (number + 1 >= sure and len(answers) >= request.n and unbroken):
                break
        return self._result(request, job.spans, answers, nfe, (self.clock() - began) * 1000, stopped)

    def _job(self, request: FillRequest, expired: Callable[[], bool], on_draft: Callable[[Draft], None] | None) -> FillJob:
        spans, ties = tied(checked_spans(request, self.config))
        edges = self._edges if any(span.pins for span in spans) else None
        allowed = self.allowed if edges is None else beside_pins(self.allowed, edges.begins, edges.ends)
        pieces, cache = self._pieces(request, spans), self._cache(request)
        return FillJob(
            self.config, self.tokenizer, request, spans, ties, pieces, allowed, cache, edges, expired, on_draft,
            self.calibration,
        )  # fmt: skip

    @cached_property
    def _edges(self) -> WordEdges:
        return WordEdges.of(self.tokenizer, self.config.embedding_rows)

    def _cache(self, request: FillRequest) -> str:
        cache = request.sampler.cache
        if cache == "auto":
            return "hidden" if self.config.context_hidden_from_span else "dual"
        if cache == "hidden" and not self.config.context_hidden_from_span:
            raise RequestRejected("This model was not trained for cache 'hidden'; choose auto, dual or none.")
        return cache

    def _pieces(self, request: FillRequest, spans: list[Span]) -> list[list[int]]:
        """The context's tokens before, between and after the spans; every attempt shares them."""
        masks = sum(slots_of(span, len(spans)) for span in spans)
        budget = min(request.window, self.config.max_sequence_length) - masks
        if budget < 0:
            raise RequestRejected(
                f"{masks} masked tokens do not fit a window of {request.window}; fill fewer blanks at once."
            )
        related = self._related(request, spans, budget)
        pieces = context_pieces(request.text, spans, self.tokenizer, budget - len(related))
        return [related + pieces[0], *pieces[1:]]

    def _related(self, request: FillRequest, spans: list[Span], budget: int) -> list[int]:
        """Token ids of related text; not more than half of the window, for what stands near tells more."""
        around = " ".join(request.text[max(0, s.start - AROUND_CHARS) : s.end + AROUND_CHARS] for s in spans)
        most = min(request.related_tokens, budget // 2)
        return related_ids(request.related, around, self.tokenizer.encode, most, self.config.eos_token_id)

    def _result(
        self, request: FillRequest, spans: list[Span], answers: list[Answer], nfe: int, ms: float, stopped: bool
    ) -> FillResult:
        answers.sort(key=lambda answer: (answer.new_errors, -answer.confidence))
        best = answers[0]
        results = []
        for i, span in enumerate(spans):
            others = list(dict.fromkeys(a.texts[i] for a in answers[1:] if a.texts[i] != best.texts[i]))[: request.n - 1]
            results.append(
                SpanResult(
                    start=span.start,
                    end=span.end,
                    text=best.texts[i],
                    confidence=round(self.calibration.calibrated(best.confidences[i]), 4),
                    tokens=best.sizes[i],
                    alternatives=tuple(others),
                )
            )
        return FillResult(
            text=apply_spans(request.text, tuple(results)),
            spans=tuple(results),
            nfe=nfe,
            ms=round(ms, 2),
            model=self.model_name,
            backend=self.backend_name,
            stopped="deadline" if stopped else "complete",
        )
