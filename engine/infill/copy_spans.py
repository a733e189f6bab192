"""The second stage: what the document gives away is copied; sure copies stand before anything is
denoised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.copying.apply import SURE, Remaining, copies_of, draft_with_copies, insert_copies
from engine.copying.ranking import Copy
from engine.infill.task import FillTask


@dataclass(frozen=True)
class Copied:
    """A task with the copies that were found for it."""

    task: FillTask
    copies: Mapping[int, list[Copy]]
    """Span -> copies, the best first."""
    sure: Mapping[int, Copy]
    """Spans that need no model."""
    remaining: Remaining

    @property
    def model_task(self) -> FillTask:
        """What is left for the model, in a document that holds the sure copies; drafts are shown
        with these in place, other copies are guesses."""
        left = enumerate(self.remaining.numbers)
        show, spans, sure = self.task.on_draft, self.task.spans, self.sure
        return replace(
            self.task,
            request=self.remaining.request,
            spans=tuple(self.remaining.spans),
            guesses={
                i: {c.text: c.probability for c in self.copies[old]}
                for i, old in left
                if old in self.copies
            },
            on_draft=None
            if show is None
            else lambda draft: show(draft_with_copies(draft, spans, sure)),
        )


def copy_spans(task: FillTask) -> Copied:
    """Look for copies; one that is surer than the model can ever be is taken where one answer is
    asked for."""
    copies = copies_of(task.request, task.spans, task.ties, task.model.tokenizer, task.deadline)
    surest = max(SURE, task.model.calibration.highest)
    one = task.request.n == 1
    sure = {i: found[0] for i, found in copies.items() if one and found[0].probability >= surest}
    return Copied(task, copies, sure, insert_copies(task.request, task.spans, sure))
