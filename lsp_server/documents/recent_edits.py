"""Where the user has been writing: the lines around the latest edits, which outlive the document
they were made in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lsp_server.documents.document import Snapshot

MOST_EDITS = 16
REACH = 4
"""Lines on each side of an edit that belong to it."""
MOST_CHARS = 4_000
"""Of the text kept of an edit, so that a large paste is not kept after its document was closed."""


@dataclass
class RecentEdit:
    """Lines that were edited, as they are at present or were when their document was closed."""

    uri: str
    line: int
    text: str


@dataclass
class RecentEdits:
    """The latest edits, the newest last; one near another takes the place of it."""

    _edits: deque[RecentEdit] = field(default_factory=lambda: deque(maxlen=MOST_EDITS))

    def edited(self, document: Snapshot, start: int, end: int, new: str) -> None:
        """Before ``document[start:end]`` becomes ``new``."""
        line = document.position_at(start).line
        come = new.count("\n") - document.text.count("\n", start, end)
        near = None
        for edit in self._edits:
            if edit.uri != document.uri:
                continue
            if abs(edit.line - line) <= REACH:
                near = edit
            elif edit.line > line:
                edit.line += come
        if near is not None:
            self._edits.remove(near)
        self._edits.append(RecentEdit(document.uri, line, _around(document, start, end, new, line)))

    def beyond(self, uris: set[str]) -> list[RecentEdit]:
        """Edits of documents other than these, the newest first."""
        return [edit for edit in reversed(self._edits) if edit.uri not in uris]


def _around(document: Snapshot, start: int, end: int, new: str, line: int) -> str:
    first = max(int(document.starts[max(0, line - REACH)]), start - MOST_CHARS // 2)
    last = document.position_at(end).line + REACH + 1
    until = int(document.starts[last]) if last < len(document.starts) else len(document.text)
    head = document.text[first:start]
    middle = new[: MOST_CHARS - len(head)]
    tail = document.text[end : min(until, end + MOST_CHARS - len(head) - len(middle))]
    return head + middle + tail
