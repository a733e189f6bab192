"""The reverse edit: write what precedes a text, piece by piece.

Masks write the last piece first, so that each knows all that follows. What is written from the left
would begin every piece with the same words, so there the first piece comes first.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec
import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.deadline import Deadline
from engine.base.errors import RequestRejected
from engine.infill.infiller import Infiller
from engine.request.edits import BeforeRequest
from engine.request.messages import FillRequest, FillResult, Span, SpanResult

PIECE = 24
"""Tokens of a piece, about a sentence."""
LONGEST = 2_048


def write_before(
    infiller: Infiller, request: BeforeRequest
) -> Generator[Batch, Predictions, FillResult]:
    """Yields passes; the result has one span, an insertion at ``at`` of exactly ``tokens`` tokens
    of the model."""
    if not 0 <= request.at <= len(request.text) or not request.text[request.at :].strip():
        raise RequestRejected(
            "There is no text after the place; give a place in front of some text."
        )
    if not 1 <= request.tokens <= LONGEST:
        raise RequestRejected(f"{request.tokens} tokens are not possible; ask for 1 to {LONGEST}.")
    deadline = Deadline.after(request.deadline_ms, infiller.model.clock(), infiller.model.clock)
    written, left, nfe, ms = "", request.tokens, 0, 0.0
    logs: list[float] = []
    found: FillResult | None = None
    backwards = infiller.model.order(request.sampler) == "together"
    while left and (found is None or found.stopped == "complete"):
        size = PIECE if left >= 2 * PIECE else left - left // 2 if left > PIECE else left
        at = request.at if backwards else request.at + len(written)
        fill = FillRequest(
            text=request.text[: request.at] + written + request.text[request.at :],
            spans=(Span(start=at, end=at, tokens=size),),
            language=request.language,
            n=request.n,
            seed=request.seed + left,
            window=request.window,
            related=request.related,
            sampler=request.sampler,
            deadline_ms=deadline.left_ms,
        )
        found = yield from infiller.fill(fill)
        [piece] = found.spans
        written = piece.text + written if backwards else written + piece.text
        left, nfe, ms = left - size, nfe + found.nfe, ms + found.ms
        logs.append(float(np.log(max(piece.confidence, 1e-9))))
    assert found is not None
    span = SpanResult(
        start=request.at,
        end=request.at,
        text=written,
        confidence=round(float(np.exp(np.mean(logs))), 4),
        tokens=request.tokens - left,
    )
    text = request.text[: request.at] + written + request.text[request.at :]
    return msgspec.structs.replace(found, text=text, spans=(span,), nfe=nfe, ms=round(ms, 2))
