"""The last stage: candidates pass the gate one by one; what remains of a span is its answer and its
alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.infill.gate.rules import Proposal, judge
from engine.infill.rank import Candidate, Ranked
from engine.infill.task import FillTask
from engine.request.messages import Deletion, SpanResult, Withheld, replaced
from engine.text.finishing.whole import can_be_whole


@dataclass(frozen=True)
class _Verdict:
    """The candidates of one span that may be shown; the reason where none may."""

    passed: tuple[Candidate, ...]
    withheld: Withheld | None = None


def hold_back(ranked: Ranked) -> list[SpanResult]:
    """The result of every span. A request that asks for no confidence is not judged."""
    task = ranked.task
    least = task.request.min_confidence
    if least is None:
        verdicts = {i: _Verdict(found) for i, found in enumerate(ranked.candidates)}
    else:
        least = task.model.calibration.writing if least == "calibrated" else least
        verdicts = _Court(task, ranked.candidates, least).decide()
    for i, found in enumerate(ranked.candidates):
        if not found[0].text and task.deadline.passed:
            verdicts[i] = _Verdict((), "late")
    return [_result(task, i, verdicts[i], ranked.candidates[i][0]) for i in range(len(task.spans))]


@dataclass
class _Court:
    """Several spans are judged in one document: each with the answers of the others in it."""

    task: FillTask
    candidates: Sequence[tuple[Candidate, ...]]
    min_confidence: float
    standing: dict[int, str] = field(default_factory=dict)
    """Span -> the text that stands for it; a span that is not in it keeps what stood there."""

    def decide(self) -> dict[int, _Verdict]:
        """The least sure first, so that of two answers that repeat each other the surer one
        stays."""
        self.standing = {i: found[0].text for i, found in enumerate(self.candidates)}
        verdicts: dict[int, _Verdict] = {}
        for i in sorted(
            range(len(self.candidates)), key=lambda i: self.candidates[i][0].confidence
        ):
            self._settle(i, verdicts)
        # What seemed to break the syntax may have been judged beside the answer that did.
        for i in [
            i
            for i, verdict in verdicts.items()
            if verdict.withheld == "syntax" and len(verdicts) > 1
        ]:
            text, start, end = self._gap(i)
            if self.task.request.language and can_be_whole(
                text, start, end, self.task.request.language
            ):
                self._settle(i, verdicts)
        return self._together(verdicts)

    def _settle(self, i: int, verdicts: dict[int, _Verdict]) -> None:
        verdicts[i] = self._judged(i)
        self.standing.pop(i, None)
        if verdicts[i].passed:
            self.standing[i] = verdicts[i].passed[0].text

    def _judged(self, i: int) -> _Verdict:
        text, start, end = self._gap(i)
        request, shift = self.task.request, start - self.task.spans[i].start
        # Only a deletion at the very start of the span counts by where it stood; it moves with it.
        deletions = [Deletion(text=d.text, at=d.at + shift) for d in request.recent_deletions]
        reasons: list[Withheld] = []
        passed = []
        for candidate in self.candidates[i]:
            reason = judge(
                Proposal(
                    text=text,
                    start=start,
                    end=end,
                    answer=candidate.text,
                    confidence=candidate.confidence,
                    language=request.language,
                    min_confidence=self.min_confidence,
                    deletions=deletions,
                )
            )
            if reason is None:
                passed.append(candidate)
            else:
                reasons.append(reason)
        return _Verdict(tuple(passed), None if passed else reasons[0])

    def _gap(self, i: int) -> tuple[str, int, int]:
        """The document with what stands in the other spans, and the range of span ``i`` in it."""
        text, spans = self.task.request.text, self.task.spans
        others = [j for j in sorted(self.standing) if j != i]
        ranges = [(spans[j].start, spans[j].end) for j in others]
        whole = replaced(text, ranges, [self.standing[j] for j in others])
        shift = sum(
            len(self.standing[j]) - (spans[j].end - spans[j].start) for j in others if j < i
        )
        return whole, spans[i].start + shift, spans[i].end + shift

    def _together(self, verdicts: dict[int, _Verdict]) -> dict[int, _Verdict]:
        """Tied spans have one text: all of them are filled, or none."""
        held = {
            self.task.owner(i): verdict
            for i, verdict in verdicts.items()
            if verdict.withheld is not None
        }
        return {i: held.get(self.task.owner(i), verdict) for i, verdict in verdicts.items()}


def _result(task: FillTask, i: int, verdict: _Verdict, guess: Candidate) -> SpanResult:
    best = verdict.passed[0] if verdict.passed else guess
    others = dict.fromkeys(other.text for other in verdict.passed[1:] if other.text != best.text)
    return SpanResult(
        start=task.spans[i].start,
        end=task.spans[i].end,
        text=best.text,
        confidence=round(best.confidence, 4),
        tokens=best.tokens,
        alternatives=tuple(others)[: task.request.n - 1],
        filled=verdict.withheld is None,
        withheld=verdict.withheld,
    )
