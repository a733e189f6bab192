"""What a suite found, as tables of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.quality.exact_match import SHOWN
from benchmarks.quality.suite import CUT_OUTS, Results

_NAMES = {
    "piece": "piece of 4 to 12 characters",
    "rest": "rest of a line",
    "line": "line",
    "lines": "two to four lines",
    "sentence": "sentence",
    "sentences": "two sentences",
}
WAYS = {
    "system": "Lacuna",
    "both": "model alone",
    "both_given_length": "length told",
    "before_only": "prefix only",
    "before_only_given_length": "prefix only, length told",
}
_SYSTEM_RELATED = ("exact_match_system", "exact_match_system_related", "difference_system_related")
_MODEL_RELATED = ("exact_match_both", "exact_match_both_related", "difference_both_related")
_RATIOS = (
    "ratio_both_to_before_only",
    "ratio_both_given_length_to_before_only_given_length",
    "ratio_both_to_begins",
)


class Table(NamedTuple):
    title: str
    says: str
    head: list[str]
    rows: list[list[str]]


Report = Mapping[str, Any]


def percent(report: Report, name: str) -> str:
    """``12.3 % (10.0 to 14.6)``; empty where it was not measured."""
    if report.get(name) is None:
        return ""
    bounds = (
        f" ({100 * report[f'{name}_low']:.1f} to {100 * report[f'{name}_high']:.1f})"
        if f"{name}_low" in report
        else ""
    )
    return f"{100 * report[name]:.1f} %{bounds}"


def number(report: Report, name: str) -> str:
    """``1.23 (1.00 to 1.46)``; empty where it was not measured or has no bounds."""
    values = [
        value for end in ("", "_low", "_high") if (value := report.get(name + end)) is not None
    ]
    return "{:.2f} ({:.2f} to {:.2f})".format(*values) if len(values) == 3 else ""


def cut_outs(results: Results) -> list[tuple[str, Report]]:
    """Title and figures of every kind of cut-out, languages together."""
    names = [(language, kind) for language, kinds in CUT_OUTS.items() for kind in kinds]
    titles = [
        (f"{language.capitalize()}, {_NAMES[kind]}", f"{language}_{kind}")
        for language, kind in names
    ]
    return [(title, results[key]) for title, key in titles if results.get(key)]


def tables(results: Results) -> list[Table]:
    """All tables that have something to show."""
    sets = cut_outs(results)
    joint = [
        (key.removeprefix("joint_"), found)
        for key, found in results.items()
        if found and key.startswith("joint_")
    ]
    single = {
        key: [(str(found[count]), found)]
        for key, count in _COUNTS.items()
        if (found := results.get(key))
    }
    shown = [f"{what}_shown" for what in ("exact_match", "border_faults", "new_syntax_errors")]
    with_related = [
        (title, found) for title, found in sets if "exact_match_system_related" in found
    ]
    drawn = [
        Table(
            "Exact match",
            "Lacuna: with copies from the document; the others are the model alone.",
            ["cut-out", *WAYS.values()],
            _rows(sets, [f"exact_match_{way}" for way in WAYS]),
        ),
        Table(
            "Edit similarity",
            "rapidfuzz's ratio of answer and truth.",
            ["cut-out", *WAYS.values()],
            _rows(sets, [f"edit_similarity_{way}" for way in WAYS]),
        ),
        Table(
            "Shown unasked",
            f"Answers with a confidence of at least {SHOWN}, and what is wrong with them.",
            ["cut-out", "shown", "exact", "faults at borders", "new syntax errors"],
            _rows(sets, ["shown", *shown]),
        ),
        Table(
            "Related files",
            "With the nearest six files of the package, and without; differences are paired.",
            [
                "cut-out",
                "Lacuna",
                "with related",
                "difference",
                "model",
                "with related",
                "difference",
            ],
            _rows(with_related, [*_SYSTEM_RELATED, *_MODEL_RELATED]),
        ),
        Table(
            "Both sides against the prefix alone",
            "Ratio of the model's exact matches; the last counts a one-sided answer that merely "
            "begins with the truth.",
            ["cut-out", "length free", "length told", "to begins"],
            _rows(sets, _RATIOS, number),
        ),
        Table(
            "Several blanks",
            "Together on one canvas, against one after another.",
            ["blanks a place", "together", "one after another", "difference"],
            _rows(joint, ["together", "one_after_another", "difference"]),
        ),
        Table(
            "HumanEval-Infilling",
            "Programs run in a guarded process.",
            ["problems", "pass@1", "exact match"],
            _rows(single.get("humaneval", []), ["pass_at_1", "exact_match"]),
        ),
        Table(
            "Backwards",
            "Nats a token of a true sentence, given what precedes it and given what follows it.",
            ["sentences", "forwards", "backwards", "ratio"],
            _rows(single.get("before", []), ["forwards", "backwards", "ratio"], number),
        ),
    ]
    return [table for table in drawn if any(any(row[1:]) for row in table.rows)]


_COUNTS = {"humaneval": "problems", "before": "sentences"}


def _rows(
    sets: Sequence[tuple[str, Report]],
    keys: Sequence[str],
    show: Callable[[Report, str], str] = percent,
) -> list[list[str]]:
    return [[title, *(show(report, key) for key in keys)] for title, report in sets]
