"""Contenders of a span in the order of how probable they make the whole text."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.decoding.constraints import Constraint
from engine.decoding.left_to_right.reranking.confidence import confidence
from engine.decoding.left_to_right.reranking.whole_text import WholeText, read_whole
from engine.infill.search.reranked.contender import Contenders
from engine.infill.search.reranked.span_start import SpanStart

AT_FIRST = 6
"""Tokens behind the span that decide which contenders are worth reading the others for: 72 to 95
tokens are read instead of 310 to 330 for eight contenders with 32 tokens, and as many answers are
exact (110 pieces and 110 rests of lines, training/LOG.md)."""


@dataclass(frozen=True)
class RankedSpan:
    """Answers of one span, the best first."""

    texts: tuple[str, ...]
    confidences: tuple[float, ...]
    """How likely each is to be what was meant; of choices, their shares."""


LATE = RankedSpan(("",), (0.0,))
"""Of a span for which there was no time."""


def rank_contenders(
    start: SpanStart, contenders: Contenders
) -> Generator[Batch, Predictions, RankedSpan]:
    """All that are read; nothing of none."""
    read = contenders.read
    if not read:
        return RankedSpan((), ())
    task, encode = start.task, start.task.model.tokenizer.encode
    whole = [
        WholeText(encode(start.before + each.text + start.behind), each.prior) for each in read
    ]
    later = max(0, len(encode(start.behind)) - AT_FIRST)
    allowed = start.prompt.table.row(Constraint.TEXT).copy()
    # What no answer may hold, a blank for instance, may stand behind the span.
    allowed[[token for each in whole for token in each.ids]] = True
    readings = yield from read_whole(start.reader, whole, later, allowed, task.deadline)
    scores = np.array([reading.score for reading in readings])
    weights = np.exp(scores - scores.max())
    # An answer that was not read keeps its distance to the first one.
    shares = weights / (weights.sum() + contenders.unread * weights[0])
    # Between choices one is right, so its share is how sure it is.
    sure = [
        float(share)
        if start.span.choices
        else confidence(float(share), reading.per_token, each.copy, len(encode(each.text)))
        for each, share, reading in zip(read, shares, readings, strict=True)
    ]
    order = np.argsort(-shares, kind="stable")
    return RankedSpan(tuple(read[i].text for i in order), tuple(sure[i] for i in order))
