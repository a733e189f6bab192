"""What fill, rewrite and before do with a result: a diff, the file, or one JSON object."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import msgspec

from engine import FillResult, SkippedMarker
from lacuna.commands.files import read_text
from lacuna.commands.unified_diff import as_patch, print_diff
from lacuna.document_file import DocumentFile, open_document, replace_document
from lacuna.errors import UserError


@dataclass
class Output:
    """Where a text comes from and where its new form goes."""

    file: str
    write: bool
    json: bool
    _document: DocumentFile | None = field(default=None, init=False)

    def read(self) -> str:
        """The text; refuses at once what could not be written later."""
        if self.write and self.file == "-":
            raise UserError("--write needs a file; standard input cannot be replaced.")
        if not self.write:
            return read_text(self.file)
        self._document = open_document(self.file)
        return self._document.text

    def replace(self, text: str) -> None:
        """Replace the file that ``read`` read; ``UserError`` where another program changed it meanwhile."""
        assert self._document is not None, "what is written was read before"
        replace_document(self._document, text)


def deliver(result: FillResult, text: str, output: Output, skipped: tuple[SkippedMarker, ...] = (), what: str = "") -> None:
    """Write and print ``result``; ``what`` was done, for people."""
    count = len(result.spans)
    what = what or f"{'1 blank' if count == 1 else f'{count} blanks'} filled"
    if output.write:
        output.replace(result.text)
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
    print_diff(as_patch(text, result.text, name))
    sys.stderr.write(_summary(result, what) + "\n")


def _summary(result: FillResult, what: str) -> str:
    late = ", stopped at the deadline" if result.stopped == "deadline" else ""
    return f"{what} in {result.ms:.0f} ms ({result.nfe} passes, {result.model}, {result.backend}{late})"
