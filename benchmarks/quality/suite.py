"""All quality figures of a model in one go: a file of results that a stopped run goes on with.

Sets: kinds of cut-outs from held-out Python, Markdown and prose; several blanks together; sentences
backwards; HumanEval-Infilling. ``benchmarks/quality/report.py`` makes a page of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.infill_cases import HeldOutDocument, cut_cases, read_documents
from benchmarks.machine import describe
from benchmarks.published.humaneval_infilling import evaluate, read_problems
from benchmarks.quality.exact_match import judge, reliability, summarise
from benchmarks.quality.joint import compare, joint_cases
from benchmarks.quality.neighbours import neighbours
from benchmarks.quality.prose.before import directions, triples
from engine import Engine
from engine.base.atomic_write import write_file

Results = dict[str, dict[str, Any]]
Advance = Callable[[str, int, int], None]
"""Told the set, how much of it is done, and how much there is."""
CUT_OUTS = {
    "python": ("piece", "rest", "line", "lines"),
    "markdown": ("piece", "line"),
    "prose": ("piece", "sentence", "sentences"),
}
BLANKS = (2, 3, 4)
SAMPLES = 16
"""Masked copies of a text for its likelihood."""


@dataclass(frozen=True)
class Sources:
    """Held-out files; what is not given is not measured."""

    python: Path | None = None
    markdown: Path | None = None
    prose: Path | None = None
    humaneval: Path | None = None


def run_suite(
    engine: Engine,
    weights: str,
    sources: Sources,
    cases: int,
    seed: int,
    out: Path,
    advance: Advance,
) -> Results:
    """Measure every set that ``out`` does not hold yet; ``ValueError`` when it is of other
    ``weights`` or another size."""
    about = {
        "model": engine.model_name,
        "weights": weights,
        "backend": engine.backend.name,
        "cases": cases,
        "seed": seed,
    }
    results: Results = (
        msgspec.json.decode(out.read_bytes())
        if out.exists()
        else {"about": about | {"machine": describe()}}
    )
    if {key: results["about"].get(key) for key in about} != about:
        raise ValueError(f"{out} holds figures of other weights, another number of cases or seed")
    for name, measure in _sets(engine, sources, cases, seed):
        if name not in results:
            results[name] = measure(partial(advance, name))
            write_file(out, msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    return results


Measure = Callable[[Callable[[int, int], None]], dict[str, Any]]


def _sets(engine: Engine, sources: Sources, cases: int, seed: int) -> list[tuple[str, Measure]]:
    sets: list[tuple[str, Measure]] = []
    for language, kinds in CUT_OUTS.items():
        path = getattr(sources, language)
        if path is None:
            continue
        documents = read_documents(path)
        sets += [
            (f"{language}_{kind}", _cut_outs(engine, documents, language, kind, cases, seed))
            for kind in kinds
        ]
        if language == "python":
            sets += [
                (f"joint_{blanks}", _joint(engine, documents, blanks, cases, seed))
                for blanks in BLANKS
            ]
        if language == "prose":
            sets.append(("before", _before(engine, documents, cases, seed)))
    if sources.humaneval is not None:
        sets.append(("humaneval", _humaneval(engine, sources.humaneval)))
    return sets


def _cut_outs(
    engine: Engine,
    documents: Sequence[HeldOutDocument],
    language: str,
    kind: str,
    cases: int,
    seed: int,
) -> Measure:
    def measure(advance: Callable[[int, int], None]) -> dict[str, Any]:
        chosen = cut_cases(list(documents), kind, cases, seed)
        judged = []
        for case in chosen:
            related = neighbours(documents, case) if language == "python" else None
            judged.append(judge(engine, case, related=related))
            advance(len(judged), len(chosen))
        return (
            {}
            if not judged
            else {**summarise(judged, kind, seed), "reliability": reliability(judged)}
        )

    return measure


def _joint(
    engine: Engine, documents: Sequence[HeldOutDocument], blanks: int, cases: int, seed: int
) -> Measure:
    def measure(advance: Callable[[int, int], None]) -> dict[str, Any]:
        chosen = joint_cases(documents, "piece", blanks, max(1, cases // blanks), seed)
        done = iter(range(1, len(chosen) + 1))
        return (
            {}
            if not chosen
            else dict(compare(engine, chosen, lambda: advance(next(done), len(chosen))))
        )

    return measure


def _before(engine: Engine, documents: Sequence[HeldOutDocument], cases: int, seed: int) -> Measure:
    def measure(advance: Callable[[int, int], None]) -> dict[str, Any]:
        chosen = triples(list(documents), cases, seed)
        done = iter(range(1, len(chosen) + 1))
        return (
            {}
            if not chosen
            else dict(
                directions(engine, chosen, SAMPLES, seed, lambda: advance(next(done), len(chosen)))
            )
        )

    return measure


def _humaneval(engine: Engine, path: Path) -> Measure:
    def measure(advance: Callable[[int, int], None]) -> dict[str, Any]:
        problems = read_problems(path)
        done = iter(range(1, len(problems) + 1))
        return dict(evaluate(engine, problems, False, lambda: advance(next(done), len(problems))))

    return measure
