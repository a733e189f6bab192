"""What is known before a span is written: its encoded context, and the texts on both sides of its
borders."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import msgspec

from engine.backends.interface import Batch, Predictions
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.sampler import encode_context
from engine.decoding.token_healing import Border
from engine.infill.task import FillTask
from engine.infill.window import Prompt, window
from engine.request.messages import Span

BEHIND = 24
"""Tokens behind the span by which answers are judged."""
BEHIND_CHARS = 400
"""So much text is looked at for them."""
PREFIX_SHARE = 0.79
"""Of the window: what stands behind needs no place in it, and a shorter context is encoded sooner.
As the window begins with a block, 0.75 of it are filled on average."""


@dataclass(frozen=True)
class SpanStart:
    """The one span of ``task``, ready to be written from the left."""

    task: FillTask
    prompt: Prompt
    reader: Reader
    """Over the encoded context; the token before the span waits in it. Whoever reads on copies
    it."""
    before: str
    """The half word before the cursor that is written again."""
    behind: str
    """The beginning of the text behind the span."""

    @property
    def span(self) -> Span:
        return self.task.spans[0]


def prompt_of(task: FillTask) -> Prompt:
    """What stands before the first span of ``task`` is all that the model is given."""
    span = task.spans[0]
    request = msgspec.structs.replace(
        task.request,
        text=task.request.text[: span.end],
        window=int(task.request.window * PREFIX_SHARE),
    )
    return window(replace(task, request=request, spans=(span,), ties=()))


def start_of(task: FillTask) -> Generator[Batch, Predictions, SpanStart]:
    """Of a task with one span; its context is encoded where it is not cached."""
    prompt = prompt_of(task)
    cache = prompt.cache_plan()
    assert isinstance(cache, CausalContext), "asked of models with causal context alone"
    canvas = prompt.canvas(task.spans, {0: 1})
    yield from encode_context(canvas, cache, prompt.table)
    reader = Reader.of(canvas, cache)
    reader.feed_anchor(canvas, 0)
    before = prompt.healing.borders.get(0, Border()).before
    return SpanStart(task, prompt, reader, before, _behind(task))


def _behind(task: FillTask) -> str:
    """The text behind the span, of ``BEHIND`` tokens or fewer."""
    end = task.spans[0].end
    text = task.request.text[end : end + BEHIND_CHARS].replace("\r\n", "\n")
    ids = task.model.tokenizer.encode(text)[:BEHIND]
    return task.model.tokenizer.decode(ids)
