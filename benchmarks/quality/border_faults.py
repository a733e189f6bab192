"""Faults where an answer meets its text: something said twice, indentation broken, brackets left
without a partner.

The truth is the yardstick: what is true of it (a text that repeats itself, a bracket that closes
lines later) is not a fault.
"""

from __future__ import annotations

from benchmarks.infill_cases import Case
from engine.text.finishing.brackets import disagreement
from engine.text.finishing.postprocess import MIN_REPEAT
from engine.text.syntax import new_errors

AROUND = 600
"""Characters on each side in which a bracket may find its partner."""


def border_fault(case: Case, answer: str) -> str | None:
    """``repeated``, ``indentation`` or ``brackets``; ``None`` when the borders are sound."""
    if _repeats(case, answer) and not _repeats(case, case.answer):
        return "repeated"
    before = case.line[0]
    if (
        before
        and not before.strip()
        and answer[:1] in (" ", "\t")
        and case.answer[:1] not in (" ", "\t")
    ):
        return "indentation"
    near, far = (
        case.text[max(0, case.start - AROUND) : case.start],
        case.text[case.end : case.end + AROUND],
    )
    if disagreement(near + answer + far) > disagreement(near + case.answer + far):
        return "brackets"
    return None


def breaks_syntax(case: Case, answer: str, language: str) -> bool:
    """True when the document has errors with ``answer`` that it does not have with the truth."""
    filled = case.text[: case.start] + answer + case.text[case.end :]
    ranges = [(case.start, case.end)]
    return new_errors(case.text, filled, ranges, language) > new_errors(
        case.text, case.text, ranges, language
    )


def _repeats(case: Case, answer: str) -> bool:
    before, after = (
        case.text[max(0, case.start - 200) : case.start],
        case.text[case.end : case.end + 200],
    )
    sizes = range(MIN_REPEAT, len(answer) + 1)
    ahead = any(answer.endswith(after[:n]) and after[:n].strip() for n in sizes if n <= len(after))
    behind = any(before.endswith(answer[:n]) and answer[:n].strip() for n in sizes)
    return ahead or behind
