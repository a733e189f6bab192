"""What mutmut found, as figures for every part and file, and the mutants that nobody noticed."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

COLUMNS = {
    "mutants": "mutants",
    "killed": "killed",
    "endless": "endless",
    "survived": "survived",
    "without_test": "without a test",
    "share": "noticed of those tried",
}
STATES = {
    "killed": "killed",
    "segfault": "killed",
    "timeout": "endless",
    "survived": "survived",
    "no tests": "without_test",
}
"""As mutmut calls them -> as the report does; an endless loop is noticed too."""


def report_of(copies: dict[str, Path]) -> dict[str, Any]:
    parts = {name: _part(copy) for name, copy in copies.items()}
    return {"machine": describe(), "tool": "mutmut", "parts": parts}


def _part(copy: Path) -> dict[str, Any]:
    from mutmut.configuration import reset_config
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files

    total: Counter[str] = Counter()
    files: dict[str, dict[str, Any]] = {}
    changes: dict[str, dict[str, str]] = {"endless": {}, "survived": {}, "without_test": {}}
    with chdir(copy):
        reset_config()
        for path in sorted(walk_mutatable_files()):
            data = SourceFileMutationData(path=path)
            data.load()
            found: Counter[str] = Counter()
            for mutant, code in data.exit_code_by_key.items():
                state = STATES.get(status_by_exit_code[code], "not_tried")
                found[state] += 1
                if state in changes:
                    change = _change(get_diff_for_mutant(mutant, path=path))
                    changes[state][mutant] = change
            if found:
                files[os.fspath(path)] = _figures(found)
                total += found
    return {**_figures(total), "files": files, **{f"the_{k}": v for k, v in changes.items()}}


def _figures(found: Counter[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {"mutants": found.total()}
    figures |= {state: found[state] for state in dict.fromkeys(STATES.values())}
    tried = found.total() - found["not_tried"]
    if found["not_tried"]:  # a run that was interrupted
        figures["not_tried"] = found["not_tried"]
    noticed = found["killed"] + found["endless"]
    return figures | {"share": round(noticed / tried, 3) if tried else None}


def _change(diff: str) -> str:
    """The lines of a diff that differ, in one."""
    changed = [line for line in diff.split("\n")[2:] if line[:1] in ("+", "-")]
    return " ".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def table(report: dict[str, Any]) -> str:
    lines = [
        f"| part, file | {' | '.join(COLUMNS.values())} |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, part in report["parts"].items():
        for label, figures in [(f"**{name}**", part), *part["files"].items()]:
            lines.append(f"| {label} | {' | '.join(str(figures[c]) for c in COLUMNS)} |")
    return "\n".join(lines) + "\n"


def markdown(report: dict[str, Any]) -> str:
    lines = [table(report)]
    for name, part in report["parts"].items():
        for state in ("survived", "without_test", "endless"):
            lines += [f"## {name}: {COLUMNS[state]}", ""]
            lines += [f"- `{one}`: `{change}`" for one, change in part[f"the_{state}"].items()]
            lines.append("")
    return "\n".join(lines)
