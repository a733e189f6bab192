"""What fill, rewrite and before do with a result: a diff, the file, or one JSON object."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass

import msgspec
from rich.console import Console

from engine import FillResult, SkippedMarker
from lacuna.commands.files import read_text, replace_file
from lacuna.errors import UserError


@dataclass
class Output:
    """Where a text comes from and where its new form goes."""

    file: str
    write: bool
    json: bool

    def read(self) -> str:
        """The text; refuses at once what could not be written later."""
        if self.write and self.file == "-":
            raise UserError("--write needs a file; standard input cannot be replaced.")
        return read_text(self.file)


def deliver(result: FillResult, text: str, output: Output, skipped: tuple[SkippedMarker, ...] = (), what: str = "") -> None:
    """Write and print ``result``; ``what`` was done, for people."""
    count = len(result.spans)
    what = what or f"{'1 blank' if count == 1 else f'{count} blanks'} filled"
    if output.write:
        replace_file(output.file, result.text)
    if output.json:
        _print_json(result, skipped)
    elif output.write:
        sys.stderr.write(f"{output.file}: {_summary(result, what)}\n")
    else:
        _print_diff(text, result, "stdin" if output.file == "-" else output.file, what)


def _print_json(result: FillResult, skipped: tuple[SkippedMarker, ...]) -> None:
    fields = msgspec.to_builtins(result)
    fields["skipped"] = msgspec.to_builtins(skipped)
    sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")


def _print_diff(text: str, result: FillResult, name: str, what: str) -> None:
    before, after = text.splitlines(keepends=True), result.text.splitlines(keepends=True)
    console = Console(highlight=False, soft_wrap=True)
    colours = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
    for line in difflib.unified_diff(before, after, name, name):
        colour = next((style for mark, style in colours.items() if line.startswith(mark)), None)
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        if console.is_terminal:
            console.print(ended.rstrip("\r\n"), style=colour, markup=False)
        else:
            sys.stdout.write(ended)
    sys.stdout.flush()
    sys.stderr.write(_summary(result, what) + "\n")


def _summary(result: FillResult, what: str) -> str:
    late = ", stopped at the deadline" if result.stopped == "deadline" else ""
    return f"{what} in {result.ms:.0f} ms ({result.nfe} passes, {result.model}, {result.backend}{late})"
