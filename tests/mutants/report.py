"""What mutmut found, as figures for every part and file, and the mutants that nobody noticed."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

KILLED = ("killed", "timeout", "segfault")
"""An endless loop is noticed, too: the run ends with a failure."""


def report_of(copies: dict[str, Path], minutes: dict[str, float]) -> dict[str, Any]:
    parts = {name: _part(copy) | {"minutes": minutes[name]} for name, copy in copies.items()}
    return {"machine": describe(), "tool": "mutmut", "parts": parts}


def _part(copy: Path) -> dict[str, Any]:
    from mutmut.configuration import reset_config
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files

    files, survivors, endless = {}, [], []
    with chdir(copy):
        reset_config()
        for path in sorted(walk_mutatable_files()):
            data = SourceFileMutationData(path=path)
            data.load()
            states = {key: status_by_exit_code[code] for key, code in data.exit_code_by_key.items()}
            if not states:
                continue
            files[os.fspath(path)] = _figures(Counter(states.values()))
            for key, state in states.items():
                if state != "killed":
                    change = _change(get_diff_for_mutant(key, path=path))
                    listed = endless if state in KILLED else survivors
                    listed.append({"mutant": key, "state": state, "change": change})
    total: Counter[str] = Counter()
    for figures in files.values():
        total.update({key: value for key, value in figures.items() if key != "share"})
    return {**_with_share(dict(total)), "files": files, "survivors": survivors, "endless": endless}


def _figures(states: Counter[str]) -> dict[str, Any]:
    other = sum(n for state, n in states.items() if state not in (*KILLED, "survived", "no tests"))
    figures = {
        "mutants": states.total(),
        "killed": states["killed"] + states["segfault"],
        "timeout": states["timeout"],
        "survived": states["survived"],
        "without_test": states["no tests"],
    }
    return _with_share(figures | ({"undecided": other} if other else {}))


def _with_share(figures: dict[str, Any]) -> dict[str, Any]:
    noticed = figures["killed"] + figures["timeout"]
    return figures | {"share": round(noticed / figures["mutants"], 3)}


def _change(diff: str) -> str:
    """The lines of a diff that differ, in one."""
    changed = [line for line in diff.split("\n")[2:] if line[:1] in "+-"]
    return " ".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def markdown(report: dict[str, Any], survivors: bool = True) -> str:
    lines = [
        "| part, file | mutants | killed | endless | survived | without a test | share |",
        "|---|---|---|---|---|---|---|",
    ]
    columns = ("mutants", "killed", "timeout", "survived", "without_test", "share")
    for name, part in report["parts"].items():
        for label, figures in [(f"**{name}**", part), *part["files"].items()]:
            lines.append(f"| {label} | " + " | ".join(str(figures[c]) for c in columns) + " |")
    for name, part in report["parts"].items() if survivors else ():
        lines += ["", f"## Survivors: {name}", ""]
        lines += [f"- `{one['mutant']}`: `{one['change']}`" for one in part["survivors"]]
    return "\n".join(lines) + "\n"
