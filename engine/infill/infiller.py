"""Fill requests as generators of passes: text to canvas, reverse process, canvas to text."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.backends.passes import counting
from engine.base.arrays import Bools
from engine.base.errors import RequestRejected
from engine.copying.apply import SURE, copies_of, take, whole_draft
from engine.copying.ranking import Copy
from engine.decoding.cache_plan import HiddenSpans
from engine.decoding.constraints import beside_pins
from engine.decoding.context_store import KeptContexts
from engine.decoding.word_boundaries import WordBoundaries
from engine.infill.calibration import Calibration
from engine.infill.fill_job import FillJob
from engine.infill.initial_canvas import slots_of
from engine.infill.readout import Answer
from engine.network.model_config import ModelConfig
from engine.request.messages import Draft, FillRequest, FillResult, Span, SpanResult, apply_spans
from engine.request.span_rules import checked_spans, tied
from engine.text.brackets import leaves_brackets
from engine.text.context_window import context_window
from engine.text.outline import outline_ids
from engine.text.related_snippets import related_ids
from engine.text.tokenizer import TextTokenizer

OUTLINED_CHARS = 4
"""A text of more characters a token than this fits no window, and has an outline."""
AROUND_CHARS = 1_000
"""Related text is chosen by the names that stand this near to a span."""
TRIES_A_CANDIDATE = 3
"""Samples that may repeat an answer before fewer candidates than asked for are given."""
DOUBTED = 0.25
"""Share of its confidence that an answer keeps which breaks the syntax or leaves brackets without a partner."""


class Candidate(NamedTuple):
    text: str
    confidence: float
    tokens: int


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
    contexts: KeptContexts = field(default_factory=KeptContexts)

    def fill(
        self, request: FillRequest, on_draft: Callable[[Draft], None] | None = None
    ) -> Generator[Batch, Predictions, FillResult]:
        """Yields passes, returns the result; ``RequestRejected`` before the first pass when it cannot be done.

        The deadline counts from this call, so time spent waiting for the engine is part of it.
        """
        return self._fill(request, on_draft, self.clock())

    def prepare(self, request: FillRequest) -> Generator[Batch, Predictions, None]:
        """Encode the context of a session's request as a whole, so that the request itself costs steps only."""
        spans, ties = tied(checked_spans(request, self.config))
        if self._cache(request) == "hidden":
            exact = msgspec.structs.replace(request, sampler=msgspec.structs.replace(request.sampler, edits=0))
            yield from self._job(exact, spans, ties, lambda: False, None).encode()

    def forget(self, session: str) -> Generator[Batch, Predictions, None]:
        """Drop what is kept of a document; a generator, so that it happens in the engine's thread."""
        self.contexts.forget(session)
        yield from ()

    def _fill(
        self, request: FillRequest, on_draft: Callable[[Draft], None] | None, began: float
    ) -> Generator[Batch, Predictions, FillResult]:
        deadline = None if request.deadline_ms is None else began + request.deadline_ms / 1000
        stopped = False

        def expired() -> bool:
            nonlocal stopped
            stopped = deadline is not None and self.clock() >= deadline
            return stopped

        spans, ties = tied(checked_spans(request, self.config))
        copies = copies_of(request, spans, ties, self.tokenizer, expired)
        surest = max(SURE, self.calibration.highest)
        sure = {i: found[0] for i, found in copies.items() if request.n == 1 and found[0].probability >= surest}
        taken = take(request, spans, sure)
        answers: list[Answer] = []
        nfe = 0
        if taken.spans:
            show = None if on_draft is None else lambda draft: on_draft(whole_draft(draft, spans, sure))
            job = self._job(taken.request, taken.spans, ties, expired, show)
            answers, nfe = yield from counting(self._answers(job, lambda: stopped))
        results = []
        for i, span in enumerate(spans):
            own, number = ((), 0) if i in sure else (answers, taken.left.index(i))
            results.append(_as_result(span, self._ranked(request, span, copies.get(i, []), own, number), request.n))
        return self._result(request, results, nfe, (self.clock() - began) * 1000, stopped)

    def _answers(self, job: FillJob, stopped: Callable[[], bool]) -> Generator[Batch, Predictions, list[Answer]]:
        """Different answers, the best first: ``n`` of them, and more while none leaves the syntax whole."""
        yield from job.prepare()
        answers: list[Answer] = []
        wanted, repairs, sure = job.request.n, job.request.sampler.repairs, job.greedy_answers
        for number in range(sure + TRIES_A_CANDIDATE * (wanted - 1) + repairs):
            answer = yield from job.answer(number)
            if all(answer.texts != other.texts for other in answers):
                answers.append(answer)
            unbroken = any(answer.new_errors == 0 for answer in answers) or number + 1 >= sure + repairs
            if stopped() or (number + 1 >= sure and len(answers) >= wanted and unbroken):
                break
        return sorted(answers, key=lambda answer: (answer.new_errors, -answer.confidence))

    def _job(
        self,
        request: FillRequest,
        spans: list[Span],
        ties: list[int],
        expired: Callable[[], bool],
        on_draft: Callable[[Draft], None] | None,
    ) -> FillJob:
        edges = self._edges if any(span.pins for span in spans) else None
        allowed = self.allowed if edges is None else beside_pins(self.allowed, edges.begins, edges.ends)
        pieces, cache = self._pieces(request, spans), self._cache(request)
        return FillJob(
            self.config, self.tokenizer, request, spans, ties, pieces, allowed, cache, edges, expired, on_draft,
            self.calibration, HiddenSpans(self.contexts, request.session, request.sampler.edits),
        )  # fmt: skip

    @cached_property
    def _edges(self) -> WordBoundaries:
        return WordBoundaries.of(self.tokenizer, self.config.embedding_rows)

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
        around = " ".join(request.text[max(0, s.start - AROUND_CHARS) : s.end + AROUND_CHARS] for s in spans)
        # Not more than half of the window is for what stands elsewhere, for what stands near tells more.
        most = min(request.related_tokens, budget // 2)
        own = min(request.outline_tokens, most) if len(request.text) > OUTLINED_CHARS * budget else 0
        front = related_ids(request.related, around, self.tokenizer.encode, most - own, self.config.eos_token_id)
        window = context_window(request.text, spans, self.tokenizer, budget - len(front) - own)
        headings = request.language == "markdown"
        front += outline_ids(request.text, *window[1:], around, headings, self.tokenizer.encode, own)
        return [front + window.pieces[0], *window.pieces[1:]]

    def _ranked(
        self, request: FillRequest, span: Span, copies: list[Copy], answers: Sequence[Answer], number: int
    ) -> list[Candidate]:
        """Texts of one span: the best answer or a copy that is likelier, then the others by confidence."""
        own = [Candidate(a.texts[number], self._confidence(request, span, a, number), a.sizes[number]) for a in answers]
        found = [Candidate(c.text, c.probability, len(self.tokenizer.encode(c.text))) for c in copies]
        first = max(own[:1] + found[:1], key=lambda candidate: candidate.confidence)
        rest = sorted((c for c in own + found if c is not first), key=lambda candidate: -candidate.confidence)
        return [first, *rest]

    def _confidence(self, request: FillRequest, span: Span, answer: Answer, number: int) -> float:
        """How likely a text is to be what was meant: the model's view of it, calibrated, less where it breaks something."""
        if span.choices:
            return answer.confidences[number]
        confidence = self.calibration.calibrated(answer.confidences[number])
        broken = answer.new_errors or leaves_brackets(
            answer.texts[number], request.text, span.start, span.end, request.language
        )
        return DOUBTED * confidence if broken else confidence

    def _result(self, request: FillRequest, results: list[SpanResult], nfe: int, ms: float, stopped: bool) -> FillResult:
        return FillResult(
            text=apply_spans(request.text, tuple(results)),
            spans=tuple(results),
            nfe=nfe,
            ms=round(ms, 2),
            model=self.model_name,
            backend=self.backend_name,
            stopped="deadline" if stopped else "complete",
        )


def _as_result(span: Span, ranked: list[Candidate], n: int) -> SpanResult:
    best = ranked[0]
    others = dict.fromkeys(other.text for other in ranked[1:] if other.text != best.text)
    return SpanResult(
        start=span.start,
        end=span.end,
        text=best.text,
        confidence=round(best.confidence, 4),
        tokens=best.tokens,
        alternatives=tuple(others)[: n - 1],
    )
