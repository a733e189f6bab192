"""Which decoding rule is the fastest that costs nothing? Every rule against one token a step, on
the same cut-outs.

The answers of the model alone: exact match, the share of texts that equal those of one token a
step, tokens a pass, time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz

from benchmarks.bounds import with_bounds
from benchmarks.fitting.changed_model import changed
from benchmarks.fitting.published_rules import rule_factory
from benchmarks.infill_cases import Case
from benchmarks.quality.exact_match import longest_answer
from engine import Engine, FillRequest, SamplerOptions, Span, language_of

UNBOUNDED = 256
"""So many steps hurry nothing."""
ONE_BY_ONE = SamplerOptions(threshold=1.0, steps=UNBOUNDED, repairs=0)
"""A place a step, the surest first; whole runs of superfluous places still go at once."""
BOUND = 0.005
"""Exact match that a faster rule, or fewer steps, may cost."""


PUBLISHED = (
    "factor=0.5",
    "factor=1.0",
    "entropy=0.5",
    "entropy=1.0",
    "entropy=2.0",
    "hierarchical=0.9",
    "local=0.9",
    "credit=0.9",
    "credit=0.7",
    "stable=0.5",
)
"""Rules of others, with numbers around those of their papers."""


@dataclass(frozen=True)
class Variant:
    """One way to decode."""

    options: SamplerOptions
    rule: str | None = None
    """``NAME=NUMBER`` of ``published_rules``; ``None``: the product's threshold."""


def variants(rules: Sequence[str] = ()) -> dict[str, Variant]:
    """What is compared; every name says its number. ``rules`` are added to thresholds and bounds on
    steps."""
    named = {"one by one": Variant(ONE_BY_ONE)}
    for threshold in (0.9, 0.7, 0.5):
        options = SamplerOptions(threshold=threshold, steps=UNBOUNDED, repairs=0)
        named[f"threshold={threshold}"] = Variant(options)
    for rule in rules:
        named[rule] = Variant(SamplerOptions(steps=UNBOUNDED, repairs=0), rule)
    for steps in (16, 8, 4):
        named[f"threshold=0.9, {steps} steps"] = Variant(
            SamplerOptions(threshold=0.9, steps=steps, repairs=0)
        )
    return named


@dataclass
class Run:
    """Every case's answer under one rule."""

    texts: list[str]
    passes: list[int]
    tokens: list[int]
    ms: list[float]


def run(engine: Engine, cases: Sequence[Case], variant: Variant, length_told: bool) -> Run:
    """Fill every case."""
    if variant.rule is None:
        return _fill_all(engine, cases, variant.options, length_told)
    new_rule = rule_factory(variant.rule)
    with changed(engine, transfer=lambda options: new_rule()):
        return _fill_all(engine, cases, variant.options, length_told)


def _fill_all(
    engine: Engine, cases: Sequence[Case], options: SamplerOptions, length_told: bool
) -> Run:
    found = Run([], [], [], [])
    for case in cases:
        told = len(engine.tokenizer.encode(case.answer)) if length_told else None
        one_line = "\n" not in case.answer
        span = Span(
            start=case.start,
            end=case.end,
            single_line=one_line,
            max_tokens=longest_answer(case),
            tokens=told,
        )
        language = language_of(case.path)
        request = FillRequest(
            text=case.text, spans=(span,), language=language, copies=False, sampler=options
        )
        result = engine.fill(request)
        found.texts.append(result.spans[0].text)
        found.passes.append(result.nfe)
        found.tokens.append(result.spans[0].tokens)
        found.ms.append(result.ms)
    return found


def compare_rules(
    engine: Engine,
    cases: Sequence[Case],
    length_told: bool,
    rules: Sequence[str] = (),
    done: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, Any]]:
    """Rule -> figures, with bounds over packages; differences are paired with ``one by one``."""
    groups = np.unique([case.group for case in cases], return_inverse=True)[1]
    truth = [case.answer for case in cases]
    runs: dict[str, Run] = {}
    for name, variant in variants(rules).items():
        runs[name] = run(engine, cases, variant, length_told)
        done()
    first = runs["one by one"]
    exact = {
        name: np.array([t == a for t, a in zip(r.texts, truth, strict=True)], float)
        for name, r in runs.items()
    }
    report = {}
    for name, found in runs.items():
        similar = [fuzz.ratio(*pair) / 100 for pair in zip(found.texts, truth, strict=True)]
        report[name] = {
            **with_bounds("exact_match", exact[name], groups),
            **with_bounds("difference", exact[name] - exact["one by one"], groups),
            "edit_similarity": round(float(np.mean(similar)), 4),
            "same_text": round(
                float(np.mean([a == b for a, b in zip(found.texts, first.texts, strict=True)])), 4
            ),
            "passes": round(float(np.mean(found.passes)), 2),
            "tokens_per_pass": round(sum(found.tokens) / max(1, sum(found.passes) - len(cases)), 3),
            "p50_ms": round(float(np.median(found.ms)), 1),
        }
    return report


def fastest(rules: dict[str, dict[str, Any]]) -> str:
    """The rule with the fewest passes whose exact match is within ``BOUND`` of one token a step."""
    best = rules["one by one"]["exact_match"]
    good = [name for name, figures in rules.items() if figures["exact_match"] >= best - BOUND]
    return min(good, key=lambda name: float(rules[name]["passes"]))
