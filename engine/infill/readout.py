"""The sixth stage: the text of every span on a denoised canvas, and how sure the model was; and
drafts on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

import numpy as np

from engine.base.arrays import Ints
from engine.decoding.canvas import Canvas
from engine.decoding.token_healing import Border
from engine.infill.values import Answer, Denoised
from engine.request.messages import Draft, DraftSpan, DraftToken, FillRequest, Span, replaced
from engine.request.span_rules import beside, keeps, missing_pin
from engine.text.finishing.postprocess import finish, with_line_ends
from engine.text.syntax import new_errors
from engine.text.tokenizer import TextTokenizer

NO_BORDERS: Mapping[int, Border] = MappingProxyType({})


def read_out(denoised: Denoised) -> Answer:
    """The spans' texts, fitted to the text around them; half words that were taken back are in it
    already."""
    plan, canvas, task = denoised.plan, denoised.canvas, denoised.plan.prompt.task
    text, tokenizer, borders = task.request.text, task.model.tokenizer, plan.prompt.healing.borders
    spans = plan.spans
    raw = [tokenizer.decode(canvas.ids[canvas.places(i)].tolist()) for i in range(len(spans))]
    raw = [borders[i].strip(answer) if i in borders else answer for i, answer in enumerate(raw)]
    texts = [
        fitted(answer, text, span, task.request.language)
        for answer, span in zip(raw, spans, strict=True)
    ]
    for i, owner in enumerate(task.ties):
        if (
            texts[i] != texts[owner]
        ):  # tied spans have one text, even where one of them could be trimmed
            texts[i] = texts[owner] = with_line_ends(raw[owner], text)
    sizes = [
        max(1, len(canvas.places(i)) - plan.prompt.healing.slots(i)) for i in range(len(spans))
    ]
    sure = denoised.likelihoods or [_confidence(canvas, i) for i in range(len(spans))]
    own = [plan.chosen[i].share if i in plan.chosen else sure[i] for i in range(len(spans))]
    return Answer(texts, own, sizes, "one_at_a_time" if denoised.likelihoods else "together")


def broken_promise(denoised: Denoised, answer: Answer) -> tuple[str, int | None]:
    """Which guarantee an answer breaks, if any, and the token to do without when that may mend
    it."""
    task = denoised.plan.prompt.task
    for i, (text, span) in enumerate(zip(answer.texts, denoised.plan.spans, strict=True)):
        for string in span.forbid:
            if string in text:
                return f"without {string!r}", token_of(
                    denoised.canvas, i, string, task.model.tokenizer
                )
        around = beside(task.request.text, span)
        if not keeps(text, *around, span):
            pin = missing_pin(text, *around, span)
            return (f"with the pin {pin!r}" if pin else f"of {span.lines} lines"), None
    return "", None


def new_errors_of(request: FillRequest, spans: Sequence[Span], answer: Answer) -> int:
    """Syntax errors that the document has only with ``answer``; 0 where its language is not
    known."""
    if request.language is None:
        return 0
    ranges = [(span.start, span.end) for span in spans]
    return new_errors(
        request.text, replaced(request.text, ranges, answer.texts), ranges, request.language
    )


def fitted(answer: str, text: str, span: Span, language: str | None) -> str:
    """``answer`` finished, unless that would break what the span asks for."""
    plain = with_line_ends(answer, text)
    if span.tokens is not None or span.choices:
        return plain
    finished = finish(answer, text, span.start, span.end, language)
    return finished if keeps(finished, *beside(text, span), span) else plain


def _confidence(canvas: Canvas, group: int) -> float:
    """Geometric mean of the probabilities with which the model wrote its tokens; 1 where it wrote
    none."""
    written = canvas.written(group)
    return float(np.exp(canvas.log_probs[written].mean())) if len(written) else 1.0


def token_of(canvas: Canvas, group: int, string: str, tokenizer: TextTokenizer) -> int | None:
    """A token by which the model began to write ``string`` in ``group``; ``None`` where it did
    not."""
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
        parts.append(
            DraftSpan(
                start=span.start, end=span.end, text=shown, confidence=confidence, tokens=tokens
            )
        )
    return Draft(step=step, spans=tuple(parts))


def _draft_tokens(
    canvas: Canvas, group: int, tokenizer: TextTokenizer, border: Border
) -> tuple[DraftToken, ...]:
    """The places of a span, without the half words that were taken back."""
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
        sure = (
            None
            if canvas.ids[place] == canvas.mask_id
            else round(float(np.exp(canvas.log_probs[place])), 4)
        )
        if shown or not text:
            tokens.append(DraftToken(text=shown, confidence=sure))
    return tuple(tokens)
