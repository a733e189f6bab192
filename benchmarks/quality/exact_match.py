"""How often is a cut-out written exactly, and what do both sides bring?

Every case is answered in several ways: with both sides, and by the same model that sees only what
stands before; each also with the true number of tokens told. An autoregressive twin
(``benchmarks/quality/twin.py``) adds its own. A one-sided answer cannot know where to stop: it gets
as many lines as the truth has, and for a piece inside a line ``begins`` also counts one that merely
begins with the piece, which favours it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from benchmarks.bounds import with_bounds
from benchmarks.infill_cases import Case
from benchmarks.quality.border_faults import border_fault, breaks_syntax
from engine import Engine, FillRequest, Snippet, Span, language_of
from engine.text.syntax import parser

LONG_CHARS = 80
ONE_LINE_TOKENS, SEVERAL_LINES_TOKENS = 32, 64
SYSTEM = "system"
"""All that a user gets: both sides and copies from the document. The other ways are the model
alone."""
BOTH, BEFORE_ONLY, TWIN, TWIN_BEFORE_ONLY = "both", "before_only", "twin", "twin_before_only"
"""Ways to answer; with ``_given_length`` behind it, the true number of tokens is told. The twin
sees both sides by fill-in-the-middle."""
RELATED = "_related"
"""Behind ``system`` or ``both``: with other files of the same package, as an editor has them open.
"""
SHOWN = 0.2
"""Confidence from which an editor shows an answer unasked (the default of ``minConfidence``)."""
GIVEN = "_given_length"
BEGINS = "begins"
_OPPONENTS = (BEFORE_ONLY, TWIN, TWIN_BEFORE_ONLY)
_COMPARED = [
    *((BOTH + given, theirs + given) for theirs in _OPPONENTS for given in ("", GIVEN)),
    *((SYSTEM, theirs) for theirs in (*_OPPONENTS, TWIN_BEFORE_ONLY + GIVEN)),
    (BOTH, BEGINS),
]


@dataclass(frozen=True)
class JudgedCase:
    """One case with its answers."""

    case: Case
    answers: dict[str, str]
    """Way -> text."""
    confidence: float = 0.0
    """Of the system's answer."""
    ms: float = 0.0
    begins: bool = False
    """The one-sided answer begins with the cut-out."""

    def exact(self, way: str) -> bool:
        return self.begins if way == BEGINS else self.answers[way] == self.case.answer


def longest_answer(case: Case) -> int:
    """Tokens that an answer may have."""
    return (
        SEVERAL_LINES_TOKENS
        if "\n" in case.answer or len(case.answer) > LONG_CHARS
        else ONE_LINE_TOKENS
    )


def as_many_lines(text: str, case: Case) -> str:
    """``text`` cut to as many lines as the truth has."""
    return "\n".join(text.split("\n")[: case.answer.count("\n") + 1]).rstrip()


def judge(
    engine: Engine,
    case: Case,
    window: int = 512,
    one_sided: bool = True,
    related: tuple[Snippet, ...] | None = None,
) -> JudgedCase:
    """Answer one case with both sides and with what stands before, the length unknown and told, and
    with ``related``."""
    before = case.text[: case.start]
    one_line, longest = "\n" not in case.answer, longest_answer(case)
    length = len(engine.tokenizer.encode(case.answer))
    ahead = len(before), len(before)
    ways = {
        SYSTEM: (
            case.text,
            Span(start=case.start, end=case.end, single_line=one_line, max_tokens=longest),
        ),
        BOTH: (
            case.text,
            Span(start=case.start, end=case.end, single_line=one_line, max_tokens=longest),
        ),
        BOTH + GIVEN: (
            case.text,
            Span(start=case.start, end=case.end, single_line=one_line, tokens=length),
        ),
    }
    if one_sided:
        ways[BEFORE_ONLY] = (before, Span(start=ahead[0], end=ahead[1], max_tokens=longest))
        ways[BEFORE_ONLY + GIVEN] = (
            before,
            Span(start=ahead[0], end=ahead[1], single_line=one_line, tokens=length),
        )
    if related is not None:
        ways |= {way + RELATED: ways[way] for way in (SYSTEM, BOTH)}
    found = {
        way: engine.fill(_request(case, text, span, window, way, related or ()))
        for way, (text, span) in ways.items()
    }
    answers = {way: result.spans[0].text for way, result in found.items()}
    full = found[SYSTEM]
    judged = JudgedCase(case, answers, full.spans[0].confidence, full.ms)
    if one_sided:
        answers[BEFORE_ONLY] = as_many_lines(answers[BEFORE_ONLY], case)
        judged = replace(judged, begins=answers[BEFORE_ONLY].startswith(case.answer))
    return judged


def _request(
    case: Case, text: str, span: Span, window: int, way: str, related: tuple[Snippet, ...]
) -> FillRequest:
    language = language_of(case.path) if case.path else None
    return FillRequest(
        text=text,
        spans=(span,),
        window=window,
        language=language,
        copies=way.removesuffix(RELATED) == SYSTEM,
        related=related if way.endswith(RELATED) else (),
    )


def summarise(judged: Sequence[JudgedCase], kind: str, seed: int) -> dict[str, float | int | str]:
    """Rates with 95 % bounds and their ratios, from a bootstrap over groups (documents of a package
    are not independent)."""
    groups = np.unique([j.case.group for j in judged], return_inverse=True)[1]
    report: dict[str, float | int | str] = {
        "kind": kind,
        "cases": len(judged),
        "groups": int(groups.max()) + 1,
    }
    ways = [*judged[0].answers, *([BEGINS] if BEFORE_ONLY in judged[0].answers else [])]
    exact = {way: np.array([j.exact(way) for j in judged], float) for way in ways}
    for way in ways:
        report |= with_bounds(f"exact_match_{way}", exact[way], groups, seed=seed)
    for way in judged[0].answers:
        similar = np.array([fuzz.ratio(j.answers[way], j.case.answer) / 100.0 for j in judged])
        report |= with_bounds(f"edit_similarity_{way}", similar, groups, seed=seed)
    for ours, theirs in _COMPARED:
        if ours in exact and theirs in exact:
            report |= with_bounds(
                f"ratio_{ours}_to_{theirs}", exact[ours], groups, exact[theirs], seed
            )
    for way in (SYSTEM, BOTH):
        if way + RELATED in exact:
            report |= with_bounds(
                f"difference_{way}{RELATED}", exact[way + RELATED] - exact[way], groups, seed=seed
            )
    return (
        report
        | _faults(judged, groups, seed)
        | {"p50_ms": round(float(np.median([j.ms for j in judged])), 1)}
    )


def reliability(judged: Sequence[JudgedCase], bins: int = 10) -> list[tuple[float, float, int]]:
    """Bins of equal size by the system's confidence: its mean, the share of exact answers, and how
    many."""
    confidence = np.array([j.confidence for j in judged])
    exact = np.array([j.exact(SYSTEM) for j in judged], float)
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    return [
        (round(float(confidence[p].mean()), 4), round(float(exact[p].mean()), 4), len(p))
        for p in parts
        if len(p)
    ]


def _faults(judged: Sequence[JudgedCase], groups: NDArray[np.int64], seed: int) -> dict[str, float]:
    """Shares of the system's answers with a fault at a border or in syntax: of all, and of those it
    is sure enough to show."""
    shown = np.array([j.confidence >= SHOWN for j in judged])
    faults = np.array([border_fault(j.case, j.answers[SYSTEM]) is not None for j in judged], float)
    exact = np.array([j.exact(SYSTEM) for j in judged], float)
    report = {
        "shown": round(float(shown.mean()), 4),
        **with_bounds("border_faults", faults, groups, seed=seed),
    }
    for name, hits in (("exact_match_shown", exact), ("border_faults_shown", faults)):
        report |= _of_shown(name, hits, shown, groups, seed)
    languages = [language_of(j.case.path) for j in judged]
    if all(parser(language) is not None for language in languages):
        pairs = zip(judged, languages, strict=True)
        broken = np.array(
            [breaks_syntax(j.case, j.answers[SYSTEM], language) for j, language in pairs], float
        )
        report |= with_bounds("new_syntax_errors", broken, groups, seed=seed)
        report |= _of_shown("new_syntax_errors_shown", broken, shown, groups, seed)
    return report


def _of_shown(
    name: str,
    hits: NDArray[np.float64],
    shown: NDArray[np.bool_],
    groups: NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    if not shown.any():
        return {}
    return with_bounds(
        name, hits[shown], np.unique(groups[shown], return_inverse=True)[1], seed=seed
    )
