"""Texts that a span may get: given ones, or those that the model writes and copies beside them."""

from __future__ import annotations

from collections.abc import Generator
from math import exp

from engine.backends.interface import Batch, Predictions
from engine.decoding.left_to_right.reranking.beams import search_beams
from engine.decoding.left_to_right.reranking.confidence import log_odds
from engine.decoding.left_to_right.reranking.cuts import answers_of
from engine.infill.search.reranked.beam_rules import BeamTexts, OnBeam, beam_rules
from engine.infill.search.reranked.contender import Contender, Contenders
from engine.infill.search.reranked.span_start import SpanStart
from engine.request.messages import Span

READ = 4
"""Own answers that are read with what stands behind them; copies come on top."""
FAR = 2.5
"""Nats: an own answer that is so much less likely by itself than the best one is not read. Of 200
passages 13 were won from farther behind, one of them rightly (training/LOG.md)."""
COPY_EDGE = 1e-3
COPY_WEIGHT, COPY_PRIOR = 0.5, 2.5
"""Nats for a copy beside the likelihood of the text with it: so much of its own log-odds, and so
much because it stands in the document (110 pieces and 110 rests of lines, training/LOG.md)."""


def given_contenders(span: Span) -> Contenders:
    """The choices of a span."""
    return Contenders(tuple(Contender(text) for text in dict.fromkeys(span.choices)))


def written_contenders(start: SpanStart, show: OnBeam) -> Generator[Batch, Predictions, Contenders]:
    """What beams found, the likeliest first, and the copies that were found before."""
    task, texts = start.task, BeamTexts(start.task, start.before)
    rules = beam_rules(start.prompt, start.span, start.behind, texts, show)
    beams = yield from search_beams(start.reader, rules)
    own = answers_of(beams, texts.written, start.behind)
    wanted = task.request.n
    best = sorted(filter(texts.possible, own), key=lambda text: -own[text])[: max(READ, 2 * wanted)]
    # Those that may still win by the text behind them, and twice as many as are wanted.
    few = 2 * wanted if wanted > 1 else 1
    near = [text for i, text in enumerate(best) if i < few or own[text] > own[best[0]] - FAR]
    copies = {t: p for t, p in task.guesses.get(0, {}).items() if texts.possible(t)}
    read = dict.fromkeys([*near, *copies])
    return Contenders(
        tuple(
            Contender(text, _prior(copies[text]), copy=True) if text in copies else Contender(text)
            for text in read
        ),
        sum(exp(own[text] - own[best[0]]) for text in best if text not in read),
    )


def _prior(probability: float) -> float:
    """Nats for a copy that is right with this ``probability``."""
    return COPY_WEIGHT * log_odds(probability, COPY_EDGE) + COPY_PRIOR
