"""The third stage: which part of the document the model sees, as tokens, and what may stand in the spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.base.errors import RequestRejected
from engine.decoding.cache_plan import CachePlan, HiddenSpans, make_plan
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import ConstraintTable
from engine.decoding.length_control import Lengths, SpanLength
from engine.decoding.token_healing import TokenHealing, heal
from engine.infill.search.initial_canvas import build_canvas, slots_of
from engine.infill.task import Task
from engine.request.messages import Span
from engine.text.context_window import context_window
from engine.text.related_snippets import related_ids

AROUND_CHARS = 1_000
"""Related text is chosen by the names that stand this near to a span."""


@dataclass(frozen=True)
class Prompt:
    """What the model is given: tokens around the spans, and constraints. Every attempt shares it."""

    task: Task
    healing: TokenHealing
    hidden: HiddenSpans
    """The context of models that encode it without the spans: it serves every pass."""

    @property
    def pieces(self) -> list[list[int]]:
        """Token ids before, between and after the spans."""
        return self.healing.pieces

    @property
    def table(self) -> ConstraintTable:
        return self.healing.table

    def cache_plan(self) -> CachePlan:
        """The plan of one pass after another over a canvas."""
        return self.hidden if self.task.cache == "hidden" else make_plan(self.task.cache)

    def canvas(self, spans: Sequence[Span], sizes: Mapping[int, int]) -> Canvas:
        """``spans`` as masks, of the usual number where ``sizes`` does not say another."""
        usual = [sizes.get(i, slots_of(span, len(spans))) for i, span in enumerate(spans)]
        newline = self.task.model.tokenizer.newline_id if any(span.lines for span in spans) else -1
        return build_canvas(self.pieces, spans, usual, self.task.model.config.mask_token_id, newline)

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
        return Lengths(limits, config.expand_token_id, config.delete_token_id, self.task.ties, boundaries, self.healing)


def window(task: Task) -> Prompt:
    """The lines nearest to the spans and related text; ``RequestRejected`` when the spans alone do not fit."""
    model, request = task.model, task.request
    table = model.table
    if any(span.pins for span in task.spans):
        table = table.beside_pins(model.boundaries.begins, model.boundaries.ends)
    healing = heal(request.text, task.spans, _pieces(task), model.tokenizer, table)
    return Prompt(task, healing, HiddenSpans(model.contexts, request.session, request.sampler.edits))


def _pieces(task: Task) -> list[list[int]]:
    request, spans, encode = task.request, list(task.spans), task.model.tokenizer.encode
    masks = sum(slots_of(span, len(spans)) for span in spans)
    budget = min(request.window, task.model.config.max_sequence_length) - masks
    if budget < 0:
        raise RequestRejected(f"{masks} masked tokens do not fit a window of {request.window}; fill fewer blanks at once.")
    around = " ".join(request.text[max(0, s.start - AROUND_CHARS) : s.end + AROUND_CHARS] for s in spans)
    # Not more than half of the window is for what stands elsewhere, for what stands near tells more.
    most = min(request.related_tokens, budget // 2)
    front = related_ids(request.related, around, encode, most, task.model.config.eos_token_id)
    first, *rest = context_window(request.text, spans, task.model.tokenizer, budget - len(front)).pieces
    return [front + first, *rest]
