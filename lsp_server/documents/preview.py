"""A read-only document that shows a fill while it is being written.

Its URI is the scheme, the document's path (so that editors colour it alike) and, as the query, the
document's URI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from engine.request.messages import Draft, replaced
from lsp_server.documents.document import DocumentStore, Snapshot
from lsp_server.documents.uris import PREVIEW_SCHEME, name_in


def preview_uri(uri: str) -> str:
    """Where the preview of a document is found."""
    return f"{PREVIEW_SCHEME}:{quote(name_in(uri))}?{quote(uri, safe='')}"


@dataclass
class Previews:
    """The previews that clients have read; only these are kept up to date."""

    documents: DocumentStore
    refresh: Callable[[str], None]
    """Tell the client that a preview has changed."""
    _read: set[str] = field(default_factory=set)
    """Documents whose preview was read."""
    _drafted: dict[str, str] = field(default_factory=dict)
    """Document -> its text with the latest draft in it, while a fill is being written and no
    longer."""

    def content(self, uri: str) -> str:
        """What the preview ``uri`` shows: the draft, or the document as it stands where none is
        being written."""
        of = unquote(uri.partition("?")[2])
        document = self.documents.get(of)
        if document is None:
            return ""
        self._read.add(of)
        return self._drafted.get(of, document.text)

    def show(self, document: Snapshot, draft: Draft) -> None:
        """A fill of ``document`` has got so far."""
        if document.uri not in self._read:
            return
        ranges = [(span.start, span.end) for span in draft.spans]
        text = replaced(document.text, ranges, [span.text for span in draft.spans])
        if self._drafted.get(document.uri) != text:
            self._drafted[document.uri] = text
            self.refresh(preview_uri(document.uri))

    def edited(self, document: Snapshot, start: int, end: int, new: str) -> None:
        """Before an edit: what was drafted is of a text that is gone."""
        if document.uri in self._read:
            self._drafted.pop(document.uri, None)
            self.refresh(preview_uri(document.uri))

    def end(self, document: Snapshot) -> None:
        """The fill is over: the document is as it is."""
        if self._drafted.pop(document.uri, None) is not None:
            self.refresh(preview_uri(document.uri))

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._read.discard(uri)
        self._drafted.pop(uri, None)
