"""What beams may write into a span, their texts, and how they are shown while they grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.decoding.constraints import Constraint
from engine.decoding.left_to_right.reranking.beam import MARGIN, WIDTH, Beam, BeamRules
from engine.decoding.left_to_right.reranking.cuts import arrived
from engine.infill.task import FillTask
from engine.infill.window import Prompt
from engine.network.graph_io import NUM_CANDIDATES
from engine.request.messages import Draft, DraftSpan, Span

LONGEST_ANSWER = 48
"""Tokens of an answer whose length was not given."""
MARGIN_OF_SEVERAL = 3.0
"""Nats, as ``MARGIN``, where further answers were asked for."""


@dataclass(frozen=True)
class BeamTexts:
    """Texts of beams, and which of them may be answers."""

    task: FillTask
    before: str
    """The half word before the cursor that beams write again."""

    def written(self, beam: Beam) -> str | None:
        """What a beam wrote behind the half word that was taken back; ``None`` where it is not
        through with that."""
        text = self.task.model.tokenizer.decode(list(beam.tokens))
        return text[len(self.before) :] if text.startswith(self.before) else None

    def possible(self, text: str) -> bool:
        """Whether a span may get this text."""
        (span,) = self.task.spans
        if span.one_line and "\n" in text:
            return False
        return bool(text.strip(" ")) and not any(string in text for string in span.forbid)


OnBeam = Callable[[Beam, BeamTexts], None]
"""Is told of the best beam after every step."""


def beam_rules(
    prompt: Prompt, span: Span, behind: str, texts: BeamTexts, show: OnBeam
) -> BeamRules:
    healing, table, task = prompt.healing, prompt.table, prompt.task
    text = table.row(Constraint.TEXT)
    return BeamRules(
        first=healing.first_tokens(0, table, text),
        text=text,
        inside=table.row(Constraint.SINGLE_LINE) if span.one_line else text,
        behind=task.model.tokenizer.encode(behind)[0],
        arrived=lambda beam: arrived(texts.written(beam) or "", behind),
        max_tokens=min(span.max_tokens + healing.slots(0), LONGEST_ANSWER),
        width=min(max(WIDTH, task.request.n), NUM_CANDIDATES),
        margin=MARGIN if task.request.n == 1 else MARGIN_OF_SEVERAL,
        deadline=task.deadline,
        on_step=lambda beam: show(beam, texts),
    )


def show_drafts(task: FillTask, written: Sequence[str]) -> OnBeam:
    """Shows the best beam of the span behind those that are ``written``, and these beside it."""
    show = task.on_draft
    if show is None:
        return lambda beam, texts: None

    def on_beam(beam: Beam, texts: BeamTexts) -> None:
        sure = float(np.exp(beam.log_prob / len(beam.tokens)))
        parts = [*((each, 1.0) for each in written), (texts.written(beam), sure)]
        parts += [(None, 0.0)] * (len(task.spans) - len(parts))
        spans = [
            DraftSpan.of_text(span.start, span.end, part, confidence)
            if part
            else DraftSpan.masked(span.start, span.end)
            for span, (part, confidence) in zip(task.spans, parts, strict=True)
        ]
        show(Draft(step=len(beam.tokens), spans=tuple(spans)))

    return on_beam
