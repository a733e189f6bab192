"""What fill, rewrite and before do with a result: a diff, the file, or one JSON object."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from engine import REASONS, FillResult, SkippedMarker
from lacuna.commands.show.files import read_text
from lacuna.commands.show.terminal import say
from lacuna.commands.show.unified_diff import as_patch, print_diff
from lacuna.document_file import DocumentFile, open_document, replace_document
from lacuna.errors import UserError

LONGEST_GUESS = 60
"""Characters of a guess that are listed."""
_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")


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
        """Replace the file that ``read`` read; ``UserError`` where another program changed it
        meanwhile."""
        assert self._document is not None, "what is written was read before"
        replace_document(self._document, text)


def deliver(
    result: FillResult,
    text: str,
    output: Output,
    skipped: tuple[SkippedMarker, ...] = (),
    what: str = "",
) -> None:
    """Write and print ``result``; ``what`` was done, for people."""
    what = what or _filled(result)
    if output.write:
        output.replace(result.text)
    if output.json:
        _print_json(result, skipped)
    elif output.write:
        for line in (_summary(result, what), *_withheld(text, result)):
            say(f"{output.file}: {line}")
    else:
        _print_diff(text, result, "stdin" if output.file == "-" else output.file, what)


def _filled(result: FillResult) -> str:
    count, filled = len(result.spans), sum(span.filled for span in result.spans)
    if filled < count:
        return f"{filled} of {count} blanks filled"
    return f"{'1 blank' if count == 1 else f'{count} blanks'} filled"


def _withheld(text: str, result: FillResult) -> Iterator[str]:
    """One line for every blank that was left: where, the best guess, and why not."""
    for span in result.spans:
        if span.withheld is not None:
            line = text.count("\n", 0, span.start) + 1
            column = span.start - text.rfind("\n", 0, span.start)
            guess = (
                span.text if len(span.text) <= LONGEST_GUESS else span.text[:LONGEST_GUESS] + "..."
            )
            known = f", best guess {guess!r} ({_share(span.confidence)})" if guess else ""
            yield f"left open {line}:{column}{known}: {REASONS[span.withheld]}"


def _print_json(result: FillResult, skipped: tuple[SkippedMarker, ...]) -> None:
    fields = msgspec.to_builtins(result)
    fields["skipped"] = msgspec.to_builtins(skipped)
    sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")


def _print_diff(text: str, result: FillResult, name: str, what: str) -> None:
    print_diff(_with_shares(as_patch(text, result.text, name), _shares(text, result)))
    for line in (_summary(result, what), *_withheld(text, result)):
        say(line)


def _with_shares(patch: Iterator[str], shares: list[tuple[int, str]]) -> Iterator[str]:
    """The patch with the confidence of every answer behind the head of its hunk, where anything may
    stand."""
    for line in patch:
        if found := _HUNK.match(line):
            first = int(found[1])
            own = [share for at, share in shares if first <= at < first + int(found[2] or 1)]
            line = f"{line.rstrip()} # {', '.join(own)}\n" if own else line
        yield line


def _shares(text: str, result: FillResult) -> list[tuple[int, str]]:
    """(line of the new text, from 1, and confidence as a share) of every answer."""
    shares = []
    shift = 0
    for span in sorted(result.spans, key=lambda span: span.start):
        if span.filled:
            line = result.text.count("\n", 0, span.start + shift) + 1
            shares.append((line, _share(span.confidence)))
            shift += len(span.text) - (span.end - span.start)
    return shares


def _share(confidence: float) -> str:
    return f"{100 * confidence:.0f} %"


def _summary(result: FillResult, what: str) -> str:
    late = ", stopped at the deadline" if result.stopped == "deadline" else ""
    how = f"{result.nfe} passes, {result.model}, {result.backend}{late}"
    return f"{what} in {result.ms:.0f} ms ({how})"
