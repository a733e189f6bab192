"""How evaluations report: a progress bar on stderr, a table, and last one JSON line of flat
keys."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec
from rich.console import Console
from rich.progress import Progress


def progress_bar() -> Progress:
    """A bar for people; nothing where nobody looks."""
    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal)


def print_report(report: Mapping[str, float | int | str]) -> None:
    """One line a figure; a figure with bounds (``x``, ``x_low``, ``x_high``) is one line with all
    three."""
    for name, value in report.items():
        if name.removesuffix("_low") in report and name.endswith("_low"):
            continue
        if name.removesuffix("_high") in report and name.endswith("_high"):
            continue
        bounds = ""
        if f"{name}_low" in report:
            bounds = f"  ({report[f'{name}_low']} to {report[f'{name}_high']})"
        sys.stdout.write(f"{name:40} {value}{bounds}\n")
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
