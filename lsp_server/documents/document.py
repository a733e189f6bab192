"""Open documents: our own store, because pygls splits lines where LSP does not (form feed, U+2028,
...).

A document is a string and the offsets of its line starts; an edit rescans the lines it touches and
shifts the rest, so typing at the top of a long file costs what typing at its end costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from lsprotocol import types
from numpy.typing import NDArray

from lsp_server.documents.positions import Encoding, character_in_line, index_in_line

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Snapshot:
    """One version of a document; safe to hold while the document goes on."""

    uri: str
    language: str
    version: int
    text: str
    starts: NDArray[np.int64]
    encoding: Encoding

    def line(self, number: int) -> str:
        """Line ``number`` without its line end; empty beyond the last one."""
        if not 0 <= number < len(self.starts):
            return ""
        start = int(self.starts[number])
        end = int(self.starts[number + 1]) if number + 1 < len(self.starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def offset_at(self, position: types.Position) -> int:
        """The text offset of a position; beyond the text it is the end."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = int(self.starts[position.line])
        return start + index_in_line(self.line(position.line), position.character, self.encoding)

    def position_at(self, offset: int) -> types.Position:
        """The position of a text offset."""
        number = int(np.searchsorted(self.starts, offset, side="right")) - 1
        index = offset - int(self.starts[number])
        return types.Position(
            line=number, character=character_in_line(self.line(number), index, self.encoding)
        )

    def range_of(self, start: int, end: int) -> types.Range:
        return types.Range(start=self.position_at(start), end=self.position_at(end))

    def replaced(self, start: int, end: int, new: str, version: int) -> Snapshot:
        """The next version, with ``new`` in place of ``start`` to ``end``."""
        text = self.text[:start] + new + self.text[end:]
        delta = len(new) - (end - start)
        # An edit may join or part \r and \n, so one character on either side belongs to what is
        # rescanned.
        first = int(np.searchsorted(self.starts, max(0, start - 1), side="right")) - 1
        after = int(np.searchsorted(self.starts, end + 1, side="right"))
        low = int(self.starts[first])
        high = int(self.starts[after]) + delta if after < len(self.starts) else len(text)
        inner = _line_starts(text, low, high)
        starts = np.concatenate((self.starts[: first + 1], inner, self.starts[after:] + delta))
        return Snapshot(self.uri, self.language, version, text, _unique(starts), self.encoding)


def open_snapshot(uri: str, language: str, version: int, text: str, encoding: Encoding) -> Snapshot:
    starts = np.concatenate((np.zeros(1, np.int64), _line_starts(text, 0, len(text))))
    return Snapshot(uri, language, version, text, _unique(starts), encoding)


def _line_starts(text: str, low: int, high: int) -> NDArray[np.int64]:
    """Offsets after every line end in ``text[low:high]``; a line end may not be cut by ``high``."""
    return np.fromiter((m.end() for m in _LINE_END.finditer(text, low, high)), np.int64)


def _unique(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    keep = np.ones(len(starts), bool)
    keep[1:] = starts[1:] != starts[:-1]
    return starts[keep]


def _smallest(text: str, start: int, end: int, new: str) -> tuple[int, int, str]:
    """The same edit without what it replaces by itself: clients send whole lines and whole
    documents."""
    old = text[start:end]
    same = common_prefix(old, new)
    old, new = old[same:], new[same:]
    behind = common_prefix(old[::-1], new[::-1])
    return start + same, end - behind, new[: len(new) - behind]


def common_prefix(first: str, second: str) -> int:
    """Characters that both begin with, found by halving: a loop over a large document would take
    seconds."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class DocumentStore:
    """The open documents by URI."""

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-16"
        self.on_edit: list[Callable[[Snapshot, int, int, str], None]] = []
        """Told of every edit before it is made: the document, the offsets that are replaced, and
        what stands there then."""
        self._documents: dict[str, Snapshot] = {}

    def open(self, item: types.TextDocumentItem) -> None:
        self._documents[item.uri] = open_snapshot(
            item.uri, item.language_id, item.version, item.text, self.encoding
        )

    def change(
        self,
        identifier: types.VersionedTextDocumentIdentifier,
        changes: Iterable[types.TextDocumentContentChangeEvent],
    ) -> None:
        """Apply the changes in order; each sees the result of those before it."""
        document = self._documents.get(identifier.uri)
        if document is None:
            return
        for change in changes:
            document = self._changed(document, change, identifier.version)
        # Last in the order: what was changed last is what the user works with.
        self._documents.pop(identifier.uri)
        self._documents[identifier.uri] = document

    def _changed(
        self, document: Snapshot, change: types.TextDocumentContentChangeEvent, version: int
    ) -> Snapshot:
        start, end = 0, len(document.text)
        if not isinstance(change, types.TextDocumentContentChangeWholeDocument):
            start, end = sorted(
                (document.offset_at(change.range.start), document.offset_at(change.range.end))
            )
        start, end, new = _smallest(document.text, start, end, change.text)
        for listener in self.on_edit:
            listener(document, start, end, new)
        return document.replaced(start, end, new, version)

    def __iter__(self) -> Iterator[Snapshot]:
        """All documents, the last changed last."""
        return iter(list(self._documents.values()))

    def close(self, uri: str) -> None:
        self._documents.pop(uri, None)

    def clear(self) -> list[str]:
        """Close all; their URIs are returned."""
        uris = list(self._documents)
        self._documents.clear()
        return uris

    def get(self, uri: str) -> Snapshot | None:
        return self._documents.get(uri)
