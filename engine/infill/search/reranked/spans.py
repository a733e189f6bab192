"""Spans written from the left by beam search and chosen by the text behind them, where a model
reads causally: which answer makes the whole text most probable?

Only what stands before a span is its context, so an edit behind it leaves the cached keys as they
are. Copies that were found stand beside the model's own answers. Later spans are written behind the
answers of earlier ones.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import everything
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.beams import search_beams
from engine.decoding.left_to_right.reranking.confidence import confidence, log_odds
from engine.decoding.left_to_right.reranking.cuts import answers_of
from engine.decoding.left_to_right.reranking.whole_text import WholeText, read_whole
from engine.decoding.sampler import encode_context
from engine.decoding.token_healing import Border
from engine.infill.search.reranked.beam_rules import BeamTexts, OnBeam, beam_rules, show_drafts
from engine.infill.task import FillTask
from engine.infill.window import Prompt, window
from engine.request.messages import Span

READ = 4
"""Own answers that are read with what stands behind them; copies come on top."""
BEHIND, AT_FIRST = 24, 6
"""Tokens behind the span by which answers are judged, and how many of them decide which answers
are worth reading the others for: 72 to 95 tokens instead of 310 to 330 for eight answers with 32
tokens, and as many exact answers (110 pieces and 110 rests of lines, training/LOG.md)."""
FAR = 2.5
"""Nats: an own answer that is so much less likely by itself than the best one is not read. Of 200
passages 13 were won from farther behind, one of them rightly (training/LOG.md)."""
MOST_CHOICES = 24
"""Given strings that are read in one pass; between more the canvas decides."""
BEHIND_CHARS = 400
"""So much text is looked at for them."""
PREFIX_SHARE = 0.75
"""Of the window: what stands behind needs no place in it, and a shorter context is encoded
sooner."""
COPY_EDGE = 1e-3
COPY_WEIGHT, COPY_PRIOR = 0.5, 2.5
"""Nats for a copy beside the likelihood of the text with it: so much of its own log-odds, and so
much because it stands in the document (110 pieces and 110 rests of lines, training/LOG.md)."""


@dataclass(frozen=True)
class RankedSpan:
    """Answers of one span, the best first."""

    texts: tuple[str, ...]
    confidences: tuple[float, ...]
    """How likely each is to be what was meant; of choices, their shares."""


LATE = RankedSpan(("",), (0.0,))
"""Of a span for which there was no time."""


def rerankable(task: FillTask) -> bool:
    """Whether all spans of a task can be written in this way, and should."""
    text = task.request.text
    return (
        task.order == "reranked"
        and not task.request.sampler.temperature
        and not any(
            span.pins or span.tokens or span.min_tokens > 1 or (span.lines or 1) > 1
            or len(span.choices) > MOST_CHOICES or task.shared(i)
            or not text[span.end : min(until, span.end + BEHIND_CHARS)].strip()
            for i, (span, until) in enumerate(zip(task.spans, _ends(task), strict=True))
        )
    )  # fmt: skip


def _ends(task: FillTask) -> list[int]:
    """Where the text behind every span ends: at the next one, or with the document."""
    return [*(span.start for span in task.spans[1:]), len(task.request.text)]


def rerank_spans(task: FillTask) -> Generator[Batch, Predictions, list[RankedSpan] | None]:
    """The answers of every span, in order; ``None`` where one has none."""
    found: list[RankedSpan] = []
    text, moved = task.request.text, 0
    for i, (span, until) in enumerate(zip(task.spans, _ends(task), strict=True)):
        if found and task.deadline.expired():
            found.append(LATE)
            continue
        at = msgspec.structs.replace(span, start=span.start + moved, end=span.end + moved)
        one = replace(
            task,
            request=msgspec.structs.replace(task.request, text=text[: until + moved]),
            spans=(at,),
            ties=(),
            guesses={0: task.guesses[i]} if i in task.guesses else {},
        )
        ranked = yield from _rerank(one, show_drafts(task, [each.texts[0] for each in found]))
        if not ranked.texts:
            return None
        found.append(ranked)
        text = text[: at.start] + ranked.texts[0] + text[at.end :]
        moved += len(ranked.texts[0]) - (span.end - span.start)
    return found


def prompt_of(task: FillTask) -> Prompt:
    """What stands before the first span of ``task`` is all that the model is given."""
    span = task.spans[0]
    request = msgspec.structs.replace(
        task.request,
        text=task.request.text[: span.end],
        window=int(task.request.window * PREFIX_SHARE),
    )
    return window(replace(task, request=request, spans=(span,), ties=()))


def _rerank(task: FillTask, show: OnBeam) -> Generator[Batch, Predictions, RankedSpan]:
    (span,), model = task.spans, task.model
    prompt = prompt_of(task)
    cache, encode = prompt.cache_plan(), model.tokenizer.encode
    assert isinstance(cache, CausalContext), "asked of models with causal context alone"
    canvas = prompt.canvas(task.spans, {0: 1})
    yield from encode_context(canvas, cache, prompt.table)
    reader = Reader.of(canvas, cache)
    reader.feed_anchor(canvas, 0)
    border, behind = prompt.healing.borders.get(0, Border()), _behind(task, span)
    read, copies = [*dict.fromkeys(span.choices)], dict[str, float]()
    if not span.choices:
        texts = BeamTexts(task, border)
        found = yield from search_beams(reader, beam_rules(prompt, span, behind, texts, show))
        own = answers_of(found, texts.written, behind)
        best = _worth_reading({t: p for t, p in own.items() if texts.possible(t)}, task.request.n)
        copies = {t: p for t, p in task.guesses.get(0, {}).items() if texts.possible(t)}
        read = [*dict.fromkeys([*best, *copies])]
    if not read:
        return RankedSpan((), ())
    whole = [
        WholeText(encode(border.before + text + behind), _prior(copies.get(text))) for text in read
    ]
    later = max(0, len(encode(behind)) - AT_FIRST)
    (any_token,) = everything(task.model.config.embedding_rows)
    readings = yield from read_whole(reader, whole, later, any_token, task.deadline)
    scores = np.array([reading.score for reading in readings])
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    # Between choices one is right, so its share is how sure it is.
    sure = [
        float(share)
        if span.choices
        else confidence(float(share), reading.per_token, text in copies, len(encode(text)))
        for share, reading, text in zip(shares, readings, read, strict=True)
    ]
    return RankedSpan(tuple(read[i] for i in order), tuple(sure[i] for i in order))


def _worth_reading(own: Mapping[str, float], wanted: int) -> list[str]:
    """The likeliest answers by themselves: those that may still win by the text behind them, and
    twice as many as are ``wanted`` where several are."""
    found = sorted(own, key=lambda text: -own[text])[: max(READ, 2 * wanted)]
    few = 2 * wanted if wanted > 1 else 1
    return found[:few] + [text for text in found[few:] if own[text] > own[found[0]] - FAR]


def _prior(probability: float | None) -> float:
    """Nats for a copy; none for what the model wrote by itself."""
    if probability is None:
        return 0.0
    return COPY_WEIGHT * log_odds(probability, COPY_EDGE) + COPY_PRIOR


def _behind(task: FillTask, span: Span) -> str:
    """The text behind the span, of ``BEHIND`` tokens or fewer."""
    text = task.request.text[span.end : span.end + BEHIND_CHARS].replace("\r\n", "\n")
    ids = task.model.tokenizer.encode(text)[:BEHIND]
    return task.model.tokenizer.decode(ids)
