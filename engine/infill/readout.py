"""What a denoised canvas says: the text of every span, how sure the model was, and drafts on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

import numpy as np

from engine.base.arrays import Ints
from engine.decoding.canvas import Canvas
from engine.decoding.token_healing import Border
from engine.request.messages import Draft, DraftSpan, DraftToken, FillRequest, Span
from engine.request.span_rules import beside, keeps
from engine.text.postprocess import finish, with_line_ends
from engine.text.tokenizer import TextTokenizer

NO_BORDERS: Mapping[int, Border] = MappingProxyType({})


@dataclass
class Answer:
    """Text, confidence and number of tokens of every span."""

    texts: list[str]
    confidences: list[float]
    sizes: list[int]
    new_errors: int = 0
    """Syntax errors that the document has only with this answer."""

    @property
    def confidence(self) -> float:
        """Of all spans together."""
        return float(np.prod(self.confidences))


def read_answer(
    canvas: Canvas,
    request: FillRequest,
    spans: Sequence[Span],
    ties: Sequence[int],
    tokenizer: TextTokenizer,
    borders: Mapping[int, Border] = NO_BORDERS,
) -> Answer:
    """The spans' texts, fitted to their places in the document; ``borders`` were taken back and are in it already."""
    text = request.text
    raw = [tokenizer.decode(canvas.ids[canvas.places(i)].tolist()) for i in range(len(spans))]
    raw = [borders[i].strip(answer) if i in borders else answer for i, answer in enumerate(raw)]
    texts = [_fitted(answer, text, span, request.language) for answer, span in zip(raw, spans, strict=True)]
    for i, owner in enumerate(ties):
        if texts[i] != texts[owner]:  # tied spans have one text, even where one of them could be trimmed
            texts[i] = texts[owner] = with_line_ends(raw[owner], text)
    sizes = [max(1, len(canvas.places(i)) - (borders[i].slots if i in borders else 0)) for i in range(len(spans))]
    return Answer(texts, [_confidence(canvas, i) for i in range(len(spans))], sizes)


def _fitted(answer: str, text: str, span: Span, language: str | None) -> str:
    """``answer`` finished, unless that would break what the span asks for."""
    plain = with_line_ends(answer, text)
    if span.tokens is not None or span.choices:
        return plain
    finished = finish(answer, text, span.start, span.end, language)
    return finished if keeps(finished, *beside(text, span), span) else plain


def _confidence(canvas: Canvas, group: int) -> float:
    """Geometric mean of the probabilities with which the model wrote its tokens; 1 where it wrote none."""
    written = canvas.written(group)
    return float(np.exp(canvas.log_probs[written].mean())) if len(written) else 1.0


def token_of(canvas: Canvas, group: int, string: str, tokenizer: TextTokenizer) -> int | None:
    """A token by which the model began to write ``string`` in ``group``; ``None`` where it did not."""
    places = canvas.places(group)
    texts = [tokenizer.decode([int(canvas.ids[place])]) for place in places]
    at = "".join(texts).find(string)
    if at < 0:
        return None
    ends = np.cumsum([len(text) for text in texts])
    covering: Ints = places[(ends > at) & (ends - [len(text) for text in texts] < at + len(string))]
    own = [int(canvas.ids[place]) for place in covering if not canvas.pinned[place]]
    return own[0] if own else None


def draft_of(
    canvas: Canvas,
    step: int,
    spans: Sequence[Span],
    tokenizer: TextTokenizer,
    borders: Mapping[int, Border] = NO_BORDERS,
) -> Draft:
    """The spans in mid-denoising, masked places as ``_``."""
    parts = []
    for group, span in enumerate(spans):
        known = canvas.written(group)
        confidence = float(np.exp(canvas.log_probs[known].mean())) if len(known) else 0.0
        tokens = _draft_tokens(canvas, group, tokenizer, borders.get(group, Border()))
        shown = "".join(token.text for token in tokens)
        parts.append(DraftSpan(start=span.start, end=span.end, text=shown, confidence=confidence, tokens=tokens))
    return Draft(step=step, spans=tuple(parts))


def _draft_tokens(canvas: Canvas, group: int, tokenizer: TextTokenizer, border: Border) -> tuple[DraftToken, ...]:
    """The places of a span, without the text that a healed border took back."""
    places = canvas.places(group)
    texts: list[str] = []
    for masked, run in groupby(places, key=lambda place: bool(canvas.ids[place] == canvas.mask_id)):
        ids = [int(canvas.ids[place]) for place in run]
        texts += ["_"] * len(ids) if masked else tokenizer.decode_each(ids)
    whole = "".join(texts)
    begin = len(border.before) if whole.startswith(border.before) else 0
    end = len(border.strip(whole)) + begin
    tokens, at = [], 0
    for place, text in zip(places, texts, strict=True):
        shown = text[max(0, begin - at) : max(0, end - at)]
        at += len(text)
        sure = None if canvas.ids[place] == canvas.mask_id else round(float(np.exp(canvas.log_probs[place])), 4)
        if shown or not text:
            tokens.append(DraftToken(text=shown, confidence=sure))
    return tuple(tokens)
