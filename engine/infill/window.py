"""The third stage: which part of the document the model sees, as tokens, and what may stand in the
spans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from engine.base.errors import RequestRejected
from engine.decoding.caching.cache_plan import CachePlan
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.caching.encoded_context import EncodedContext
from engine.decoding.caching.hidden_context import HiddenSpans
from engine.decoding.caching.make_plan import make_plan
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.length_control import Lengths, SpanLength
from engine.decoding.token_healing import TokenHealing, heal
from engine.infill.search.initial_canvas import StretchStarts, build_canvas, slots_of
from engine.infill.task import FillTask
from engine.request.messages import Span
from engine.text.context_window import ContextWindow, context_window
from engine.text.related_snippets import related_snippets

ENCODED = ("hidden", "causal")
"""Caches that hold the context as it was encoded once, without the spans."""
MORE_FOLLOWS = 8
"""Slots that a span grows by where its last one says that more follows."""
AROUND_CHARS = 1_000
"""Related text is chosen by the names that stand this near to a span."""


@dataclass(frozen=True)
class Prompt:
    """What the model is given: tokens around the spans, and constraints. Every attempt shares
    it."""

    task: FillTask
    healing: TokenHealing
    encoded: EncodedContext
    """The context of models that encode it without the spans: it serves every pass."""
    starts: StretchStarts | None = None
    """How stretches begin, where the context is causal."""

    @property
    def pieces(self) -> list[list[int]]:
        """Token ids before, between and after the spans."""
        return self.healing.pieces

    @property
    def table(self) -> ConstraintTable:
        return self.healing.table

    def cache_plan(self) -> CachePlan:
        """The plan of one pass after another over a canvas."""
        return self.encoded if self.task.cache in ENCODED else make_plan(self.task.cache)

    def canvas(self, spans: Sequence[Span], sizes: Mapping[int, int]) -> Canvas:
        """``spans`` as masks, of the usual number where ``sizes`` does not say another."""
        usual = [sizes.get(i, slots_of(span, len(spans))) for i, span in enumerate(spans)]
        newline = self.task.model.tokenizer.newline_id if any(span.lines for span in spans) else -1
        return build_canvas(
            self.pieces, spans, usual, self.task.model.config.mask_token_id, newline, self.starts
        )

    def lengths(self, spans: Sequence[Span]) -> Lengths:
        """Fresh length control of one run over ``spans``."""
        config, pinned = self.task.model.config, any(span.pins for span in self.task.spans)
        limits = [
            SpanLength(
                exact=span.tokens is not None,
                max_tokens=span.max_tokens,
                single_line=span.single_line or span.lines is not None,
                min_tokens=max(span.min_tokens, self.healing.least(i)),
            )
            for i, span in enumerate(spans)
        ]
        boundaries = self.task.model.boundaries if pinned else None
        growth = MORE_FOLLOWS if config.context_attention == "causal" else 1
        return Lengths(
            limits,
            config.expand_token_id,
            config.delete_token_id,
            self.task.ties,
            boundaries,
            self.healing,
            growth,
        )


def window(task: FillTask) -> Prompt:
    """The lines nearest to the spans and related text; ``RequestRejected`` when the spans alone do
    not fit."""
    model, request = task.model, task.request
    table = model.table
    if any(span.pins for span in task.spans):
        table = table.beside_pins(model.boundaries.begins, model.boundaries.ends)
    causal = model.config.context_attention == "causal"
    blanks = _blanks(task) if causal else frozenset()
    seen, snippets = _seen(task, blanks)
    if not causal:
        seen.pieces[0][:0] = [
            i for snippet in snippets for i in (*snippet, model.config.eos_token_id)
        ]
    healing = heal(request.text, task.spans, seen.pieces, model.tokenizer, table, blanks)
    if not causal:
        return Prompt(
            task, healing, HiddenSpans(model.contexts, request.session, request.sampler.edits)
        )
    first, gap = model.config.start_token_id, model.config.gap_token_id
    assert first is not None and gap is not None
    starts = StretchStarts(first if seen.low == 0 else gap, gap, snippets)
    return Prompt(task, healing, CausalContext(model.contexts, request.session), starts)


def _blanks(task: FillTask) -> frozenset[int]:
    """Spans with a blank before them that belongs to their first token, as text is tokenised."""
    text = task.request.text
    return frozenset(
        i
        for i, span in enumerate(task.spans)
        if span.start
        and text[span.start - 1] == " "
        and not (span.pins or span.lines or span.name)
        and (i == 0 or task.spans[i - 1].end < span.start)
    )


def _seen(task: FillTask, blanks: Collection[int]) -> tuple[ContextWindow, list[list[int]]]:
    """The tokens around the spans, without the blanks before them, and those of related text, one
    list a snippet."""
    request, encode = task.request, task.model.tokenizer.encode
    spans = [
        msgspec.structs.replace(s, start=s.start - 1) if i in blanks else s
        for i, s in enumerate(task.spans)
    ]
    masks = sum(slots_of(span, len(spans)) for span in spans)
    budget = min(request.window, task.model.config.max_sequence_length) - masks
    if budget < 0:
        raise RequestRejected(
            f"{masks} masked tokens do not fit a window of {request.window}; fill fewer blanks at "
            "once."
        )
    around = " ".join(
        request.text[max(0, s.start - AROUND_CHARS) : s.end + AROUND_CHARS] for s in spans
    )
    # Not more than half of the window is for what stands elsewhere, for what stands near tells
    # more.
    most = min(request.related_tokens, budget // 2)
    snippets = related_snippets(request.related, around, encode, most)
    marks = len(snippets)  # each has a token that begins or ends it
    seen = context_window(
        request.text, spans, task.model.tokenizer, budget - sum(map(len, snippets)) - marks
    )
    return seen, snippets
