"""Does the model use both sides? Exact match of cut-out text, against the same model that sees only what stands before.

The one-sided answer is cut at the newline. For a whole line it must be the line. For a piece inside a line nothing tells it
where the piece ends, so three comparisons are made: exact against exact; exact against a one-sided answer that merely
*begins* with the piece (which favours it); and exact against exact when both are given the true number of tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from benchmarks.bounds import BOOTSTRAPS, clustered_bounds
from benchmarks.infill_cases import Case
from engine import Engine, FillRequest, Span

ONE_LINE_TOKENS, SEVERAL_LINES_TOKENS = 32, 64
_COMPARISONS = (
    ("", "both", "before_only"),
    ("begins_", "both", "before_begins"),
    ("given_length_", "true_length", "before_only_given_length"),
)
"""Prefix of the figures, what sees both sides, what sees one."""


@dataclass(frozen=True)
class Outcome:
    both: bool
    before_only: bool
    before_begins: bool
    """What stands before only, right when the answer begins with the cut-out."""
    true_length: bool
    """Both sides, with the true number of tokens given."""
    confidence: float
    ms: float
    group: str
    answer: str
    before_only_given_length: bool
    """What stands before and the true number of tokens: the fair opponent of ``true_length``."""
    similarity: float
    """Edit similarity of the two-sided answer, 0 to 1."""


def judge(engine: Engine, case: Case) -> Outcome:
    """Fill one case with both sides, with the true length, and with what stands before only."""
    assert engine.tokenizer is not None
    before = case.text[: case.start]
    one_line = "\n" not in case.answer
    longest = ONE_LINE_TOKENS if one_line else SEVERAL_LINES_TOKENS
    span = Span(start=case.start, end=case.end, single_line=one_line, max_tokens=longest)
    both = engine.fill(FillRequest(text=case.text, spans=(span,)))
    length = len(engine.tokenizer.encode(case.answer))
    exact = Span(start=case.start, end=case.end, single_line=one_line, tokens=length)
    given = engine.fill(FillRequest(text=case.text, spans=(exact,)))
    ahead = engine.fill(FillRequest(text=before, spans=(Span(start=len(before), end=len(before), max_tokens=longest),)))
    blind = Span(start=len(before), end=len(before), single_line=one_line, tokens=exact.tokens)
    ahead_given = engine.fill(FillRequest(text=before, spans=(blind,)))
    # Nothing tells a one-sided answer where to stop; it gets as many lines as the truth has.
    lines = case.answer.count("\n") + 1
    first_lines = "\n".join(ahead.spans[0].text.split("\n")[:lines]).rstrip()
    return Outcome(
        both=both.spans[0].text == case.answer,
        before_only=first_lines == case.answer,
        before_begins=first_lines.startswith(case.answer),
        true_length=given.spans[0].text == case.answer,
        confidence=both.spans[0].confidence,
        ms=both.ms,
        group=case.group,
        answer=both.spans[0].text,
        before_only_given_length=ahead_given.spans[0].text == case.answer,
        similarity=fuzz.ratio(both.spans[0].text, case.answer) / 100.0,
    )


def summarise(outcomes: list[Outcome], kind: str, seed: int) -> dict[str, float | int | str]:
    """Rates and their ratio with 95 % bounds, from a bootstrap over groups (documents of a package are not independent)."""
    groups = np.unique([o.group for o in outcomes], return_inverse=True)[1]
    report: dict[str, float | int | str] = {"kind": kind, "cases": len(outcomes), "groups": int(groups.max()) + 1}
    for name, ours, theirs in _COMPARISONS:
        both = np.array([getattr(o, ours) for o in outcomes], float)
        before = np.array([getattr(o, theirs) for o in outcomes], float)
        ratios, rates = _bootstrap(both, before, groups, np.random.default_rng(seed))
        report |= {
            f"{name}exact_match_both": round(float(both.mean()), 4),
            f"{name}exact_match_both_low": round(float(np.quantile(rates, 0.025)), 4),
            f"{name}exact_match_both_high": round(float(np.quantile(rates, 0.975)), 4),
            f"{name}exact_match_before_only": round(float(before.mean()), 4),
            f"{name}ratio": round(float(both.mean() / max(before.mean(), 1e-9)), 3),
            f"{name}ratio_low": round(float(np.quantile(ratios, 0.025)), 3),
            f"{name}ratio_high": round(float(np.quantile(ratios, 0.975)), 3),
        }
    similarity = np.array([o.similarity for o in outcomes])
    low, high = clustered_bounds(similarity, groups)
    report |= {
        "edit_similarity": round(float(similarity.mean()), 4),
        "edit_similarity_low": round(low, 4),
        "edit_similarity_high": round(high, 4),
    }
    return report | {"p50_ms": round(float(np.median([o.ms for o in outcomes])), 1)}


def _bootstrap(
    both: NDArray[np.float64], before: NDArray[np.float64], groups: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Resample groups with replacement; return the ratio and the two-sided rate of every resample."""
    count = int(groups.max()) + 1
    sums = np.stack([np.bincount(groups, weights, count) for weights in (both, before, np.ones_like(both))])
    drawn = rng.integers(0, count, (BOOTSTRAPS, count))
    totals = sums[:, drawn].sum(axis=2)
    return totals[0] / np.maximum(totals[1], 0.5), totals[0] / totals[2]
