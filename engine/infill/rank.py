"""The seventh stage: answers and copies of every span side by side, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.copying.ranking import Copy
from engine.infill.copy_spans import Copied
from engine.infill.task import FillTask
from engine.infill.values import Answer
from engine.request.messages import Span
from engine.text.finishing.brackets import leaves_brackets

DOUBTED = 0.25
"""Share of its confidence that an answer keeps which breaks the syntax or leaves brackets without a
partner."""


@dataclass(frozen=True)
class Found:
    """Everything that was found for a task."""

    copied: Copied
    answers: tuple[Answer, ...]
    """Of the model, for the spans that no sure copy filled; the best first."""


class Candidate(NamedTuple):
    text: str
    confidence: float
    tokens: int


@dataclass(frozen=True)
class Ranked:
    """Candidates of every span, the best first."""

    task: FillTask
    candidates: tuple[tuple[Candidate, ...], ...]


def rank(found: Found) -> Ranked:
    """The best answer or a copy that is likelier, then the others by confidence."""
    task, copied = found.copied.task, found.copied
    ranked = []
    for i, span in enumerate(task.spans):
        own: list[Candidate] = []
        if i not in copied.sure:
            number = copied.remaining.numbers.index(i)
            own = [_candidate(task, span, answer, number) for answer in found.answers]
            judged = found.answers[0].judged.get(number, {}) if found.answers else {}
        else:
            judged = {}
        candidates = _copies(task, copied.copies.get(i, []), judged)
        # Where copies were among what was ranked by the text behind the span, its first answer is
        # the best; how sure it is does not compare them.
        best_first = _after(own, candidates) if judged else _ranked(own, candidates)
        ranked.append(tuple(best_first))
    return Ranked(task, tuple(ranked))


def _copies(task: FillTask, copies: Sequence[Copy], judged: Mapping[str, float]) -> list[Candidate]:
    """Copies with their own probability, or with what the model made of them."""
    calibrated, encode = task.model.calibration.calibrated, task.model.tokenizer.encode
    return [
        Candidate(
            c.text,
            calibrated(judged[c.text], "reranked") if c.text in judged else c.probability,
            len(encode(c.text)),
        )
        for c in copies
    ]


def _candidate(task: FillTask, span: Span, answer: Answer, number: int) -> Candidate:
    """One text of an answer, with how likely it is to be what was meant: calibrated, less where it
    breaks something."""
    text, confidence = answer.texts[number], answer.confidences[number]
    if not span.choices:
        confidence = task.model.calibration.calibrated(confidence, answer.order)
        request = task.request
        if answer.new_errors or leaves_brackets(
            text, request.text, span.start, span.end, request.language
        ):
            confidence *= DOUBTED
    return Candidate(text, confidence, answer.sizes[number])


def _after(own: Sequence[Candidate], copies: Sequence[Candidate]) -> list[Candidate]:
    known = {candidate.text for candidate in own}
    rest = [candidate for candidate in copies if candidate.text not in known]
    return [*own, *sorted(rest, key=lambda candidate: -candidate.confidence)]


def _ranked(own: Sequence[Candidate], copies: Sequence[Candidate]) -> list[Candidate]:
    first = max([*own[:1], *copies[:1]], key=lambda candidate: candidate.confidence)
    rest = [candidate for candidate in (*own, *copies) if candidate is not first]
    return [first, *sorted(rest, key=lambda candidate: -candidate.confidence)]
