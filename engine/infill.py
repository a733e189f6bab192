"""One fill request as a generator: text to canvas, reverse process, canvas to text."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from engine.backends import Batch, Bools, Ints, Predictions
from engine.canvas import CONTEXT, Canvas
from engine.config import ModelConfig
from engine.context_cache import HiddenSpans, make_plan
from engine.errors import RequestRejected
from engine.finish import finish
from engine.length import Lengths, SpanLength
from engine.messages import Draft, DraftSpan, FillRequest, FillResult, Span, SpanResult, apply_spans
from engine.passes import counting
from engine.related import related_ids
from engine.sampler import Rules, denoise
from engine.tokenizer import TextTokenizer
from engine.window import context_pieces

SLOTS = 64
"""Masks of all spans together at the start, as in training."""
MIN_SLOTS, MAX_SLOTS = 8, 32
ALTERNATIVE_TEMPERATURE = 0.7
AROUND_CHARS = 1_000
"""Related text is chosen by the names that stand this near to a span."""


@dataclass
class Infiller:
    """What every request of one model shares."""

    config: ModelConfig
    tokenizer: TextTokenizer
    allowed: Bools
    model_name: str
    backend_name: str
    clock: Callable[[], float] = time.monotonic

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
        spans = _checked(request, self.config)
        answers: list[_Answer] = []
        nfe, context, stopped = 0, None, False
        deadline = None if request.deadline_ms is None else began + request.deadline_ms / 1000

        def expired() -> bool:
            nonlocal stopped
            stopped = deadline is not None and self.clock() >= deadline
            return stopped

        pieces = self._pieces(request, spans)
        for attempt in range(request.n):
            canvas = self._canvas(pieces, [_slots(span, len(spans)) for span in spans])
            rules = Rules(
                steps=request.sampler.steps,
                threshold=request.sampler.threshold,
                at_least_schedule=True,
                temperature=request.sampler.temperature or (ALTERNATIVE_TEMPERATURE if attempt else 0.0),
                seed=request.seed + attempt,
                expired=expired,
            )
            if on_draft is not None and attempt == 0:
                rules.on_step = lambda c, step: on_draft(self._draft(c, step, len(spans)))
            plan = make_plan(self._cache(request))
            if isinstance(plan, HiddenSpans):
                plan.context = context
            lengths = self._lengths(spans)
            _, passes = yield from counting(denoise(canvas, [list(range(len(spans)))], plan, self.allowed, rules, lengths))
            nfe += passes
            if isinstance(plan, HiddenSpans):
                context = plan.context  # the same context serves every answer
            answers.append(self._answer(request.text, canvas, spans))
            if stopped:
                break
        return self._result(request, spans, answers, nfe, (self.clock() - began) * 1000, stopped)

    def _lengths(self, spans: list[Span]) -> Lengths:
        return Lengths(
            [SpanLength(s.tokens is not None, s.max_tokens, s.single_line) for s in spans],
            self.config.expand_token_id,
            self.config.delete_token_id,
        )

    def _cache(self, request: FillRequest) -> str:
        cache = request.sampler.cache
        if cache == "auto":
            return "hidden" if self.config.context_hidden_from_span else "dual"
        if cache == "hidden" and not self.config.context_hidden_from_span:
            raise RequestRejected("This model was not trained for cache 'hidden'; choose auto, dual or none.")
        return cache

    def _pieces(self, request: FillRequest, spans: list[Span]) -> list[list[int]]:
        """The context's tokens before, between and after the spans; every attempt shares them."""
        masks = sum(_slots(span, len(spans)) for span in spans)
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

    def _canvas(self, pieces: list[list[int]], sizes: list[int]) -> Canvas:
        ids: list[int] = []
        groups: list[int] = []
        for i, piece in enumerate(pieces):
            ids += piece
            groups += [CONTEXT] * len(piece)
            if i < len(sizes):
                ids += [self.config.mask_token_id] * sizes[i]
                groups += [i] * sizes[i]
        return Canvas(ids, groups, self.config.mask_token_id)

    def _answer(self, text: str, canvas: Canvas, spans: list[Span]) -> _Answer:
        texts, confidences, sizes = [], [], []
        for i, span in enumerate(spans):
            places = canvas.places(i)
            texts.append(finish(self.tokenizer.decode(canvas.ids[places].tolist()), text, span.start, span.end))
            confidences.append(float(np.exp(canvas.log_probs[places].mean())) if len(places) else 0.0)
            sizes.append(len(places))
        return _Answer(texts, confidences, sizes)

    def _draft(self, canvas: Canvas, step: int, count: int) -> Draft:
        parts = []
        for i in range(count):
            places = canvas.places(i)
            known: Ints = places[canvas.ids[places] != canvas.mask_id]
            shown = "".join(
                "_" if canvas.ids[p] == canvas.mask_id else self.tokenizer.decode([canvas.ids[p]]) for p in places
            )
            confidence = float(np.exp(canvas.log_probs[known].mean())) if len(known) else 0.0
            parts.append(DraftSpan(text=shown, confidence=confidence))
        return Draft(step=step, spans=tuple(parts))

    def _result(
        self, request: FillRequest, spans: list[Span], answers: list[_Answer], nfe: int, ms: float, stopped: bool
    ) -> FillResult:
        answers.sort(key=lambda a: -float(np.prod(a.confidences)))
        best = answers[0]
        results = []
        for i, span in enumerate(spans):
            others = list(dict.fromkeys(a.texts[i] for a in answers[1:] if a.texts[i] != best.texts[i]))[: request.n - 1]
            results.append(
                SpanResult(
                    start=span.start,
                    end=span.end,
                    text=best.texts[i],
                    confidence=round(best.confidences[i], 4),
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


@dataclass
class _Answer:
    texts: list[str]
    confidences: list[float]
    sizes: list[int]


def _slots(span: Span, count: int) -> int:
    if span.tokens is not None:
        return span.tokens
    return min(span.max_tokens, max(MIN_SLOTS, min(MAX_SLOTS, SLOTS // count)))


def _checked(request: FillRequest, config: ModelConfig) -> list[Span]:
    """The spans in order; ``RequestRejected`` says what does not fit."""
    if not request.spans:
        raise RequestRejected("There is nothing to fill: mark a blank as ____ or give a position.")
    if request.n < 1:
        raise RequestRejected(f"n is {request.n}; ask for at least one answer.")
    spans = sorted(request.spans, key=lambda s: (s.start, s.end))
    at = 0
    for i, span in enumerate(spans):
        if not 0 <= span.start <= span.end <= len(request.text):
            raise RequestRejected(
                f"The span {span.start}-{span.end} lies outside the text ({len(request.text)} characters)."
            )
        if span.start < at or (i and span.start == at == spans[i - 1].start):
            raise RequestRejected(f"The spans overlap at character {span.start}; give disjoint spans.")
        wanted = span.max_tokens if span.tokens is None else span.tokens
        if not 1 <= wanted < config.max_sequence_length:
            raise RequestRejected(
                f"A span of {wanted} tokens is not possible; ask for 1 to {config.max_sequence_length - 1}."
            )
        at = span.end
    return spans
