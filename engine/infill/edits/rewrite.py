"""Rewriting: the selection is masked again, wholly or where the model is most surprised, and filled
again.

With ``strength`` 1 the selection is one span. Below, its words are scored as they stand, and that
share of them, the most surprising first, becomes spans of one joint fill; everything else stays.
"""

from __future__ import annotations

import re
from collections.abc import Generator

import msgspec
import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.backends.passes import counting
from engine.base.errors import RequestRejected
from engine.infill.infiller import Infiller
from engine.llada.surprisal import score_text, word_numbers
from engine.request.edits import RewriteRequest
from engine.request.messages import FillRequest, FillResult, Span, SpanResult

MAX_TOKENS = 384
"""The longest selection that is rewritten in one piece."""
MOST_SPANS = 12
"""Runs of surprising words that are written again together."""
STRIDE = 4
"""Every fourth word is masked in a scoring pass."""
AROUND_CHARS = 600
"""Text on both sides that the scores take into account."""
_WORD = re.compile(r"\w+")


def rewrite(
    infiller: Infiller, request: RewriteRequest
) -> Generator[Batch, Predictions, FillResult]:
    """Yields passes; the result has one span, the selection. ``RequestRejected`` when it cannot be
    done."""
    began = infiller.model.clock()
    selection = (
        request.text[request.start : request.end] if 0 <= request.start <= request.end else ""
    )
    if not selection.strip() or request.end > len(request.text):
        raise RequestRejected(
            "There is no text between the two places; select what is to be written again."
        )
    length = len(infiller.model.tokenizer.encode(selection))
    if length > MAX_TOKENS:
        raise RequestRejected(
            f"The selection has {length} tokens; rewrite at most {MAX_TOKENS} at once."
        )
    spans, nfe = [_whole(request, selection, length)], 0
    if request.strength < 1.0:
        spans, nfe = yield from counting(_surprising(infiller, request))
    fill = FillRequest(
        text=request.text,
        spans=tuple(spans),
        language=request.language,
        n=request.n,
        seed=request.seed,
        deadline_ms=_left(request.deadline_ms, infiller.model.clock() - began),
        window=max(request.window, 2 * length),
        related=request.related,
        sampler=request.sampler,
        copies=False,  # the likeliest copy is what stands there now
    )
    found = yield from infiller.fill(fill)
    return _as_one_span(found, request, infiller, nfe)


def _left(deadline_ms: float | None, passed: float) -> float | None:
    """What is left of a deadline after so many seconds."""
    return None if deadline_ms is None else max(0.0, deadline_ms - 1000 * passed)


def _whole(request: RewriteRequest, selection: str, length: int) -> Span:
    exact = length if request.same_length else None
    # About as long as it was; the model decides how long exactly.
    return Span(
        start=request.start,
        end=request.end,
        tokens=exact,
        min_tokens=1 if exact else max(1, length * 3 // 5),
        max_tokens=length * 7 // 5 + 4,
        single_line="\n" not in selection,
        pins=request.keep,
    )


def _surprising(
    infiller: Infiller, request: RewriteRequest
) -> Generator[Batch, Predictions, list[Span]]:
    """Runs of the words that surprise the model most; kept words are not among them."""
    low = max(0, request.start - AROUND_CHARS)
    around = request.text[low : request.end + AROUND_CHARS]
    ids, words, ranges = word_numbers(around, infiller.model.tokenizer)
    log_probs = yield from score_text(
        infiller.model.config, ids, words, infiller.model.config.max_sequence_length, STRIDE
    )
    candidates: list[tuple[float, int, int]] = []
    kept = set(request.keep)
    for match in _WORD.finditer(request.text, request.start, request.end):
        start, end = match.span()
        own = [
            i for i, (first, last) in enumerate(ranges) if first + low < end and last + low > start
        ]
        if match.group() not in kept and own:
            candidates.append((float(-np.sum(log_probs[own])), start, end))
    if not candidates:
        raise RequestRejected("Nothing of the selection may change; keep fewer words.")
    count = max(1, round(request.strength * len(candidates)))
    chosen = sorted((start, end) for _, start, end in sorted(candidates, reverse=True)[:count])
    runs: list[list[int]] = []
    for start, end in chosen:
        if runs and not request.text[runs[-1][1] : start].strip():
            runs[-1][1] = end  # neighbours are written together
        else:
            runs.append([start, end])
    return [_run(infiller, request, start, end) for start, end in runs[:MOST_SPANS]]


def _run(infiller: Infiller, request: RewriteRequest, start: int, end: int) -> Span:
    length = len(infiller.model.tokenizer.encode(request.text[start:end]))
    exact = length if request.same_length else None
    return Span(start=start, end=end, tokens=exact, max_tokens=2 * length + 2, single_line=True)


def _as_one_span(
    found: FillResult, request: RewriteRequest, infiller: Infiller, nfe: int
) -> FillResult:
    """The selection as the one span of the result; alternatives only where it was one span of the
    fill."""
    grown = len(found.text) - len(request.text)
    text = found.text[request.start : request.end + grown]
    whole = len(found.spans) == 1 and (found.spans[0].start, found.spans[0].end) == (
        request.start,
        request.end,
    )
    span = SpanResult(
        start=request.start,
        end=request.end,
        text=text,
        confidence=round(
            float(np.prod([s.confidence for s in found.spans]) ** (1 / len(found.spans))), 4
        ),
        tokens=found.spans[0].tokens if whole else len(infiller.model.tokenizer.encode(text)),
        alternatives=found.spans[0].alternatives if whole else (),
    )
    return msgspec.structs.replace(found, spans=(span,), nfe=found.nfe + nfe)
