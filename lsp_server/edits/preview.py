"""``workspace/textDocumentContent``: a read-only document that shows a fill while it is being written.

Its URI is the scheme below, the document's path (so that editors colour it alike) and, as the query, the document's URI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from engine import Draft
from engine.request.messages import replaced
from lsp_server.documents.document import DocumentStore, Snapshot

SCHEME = "lacuna-draft"


def preview_uri(uri: str) -> str:
    """Where the preview of a document is found."""
    return f"{SCHEME}:{urlsplit(uri).path}?{quote(uri, safe='')}"


@dataclass
class Previews:
    """The previews that clients have read; only these are kept up to date."""

    documents: DocumentStore
    refresh: Callable[[str], None]
    """Tell the client that a preview has changed."""
    _drafted: dict[str, str] = field(default_factory=dict)
    """Document -> its text with the latest draft in it, for those whose preview was read."""

    def content(self, uri: str) -> str:
        """What the preview ``uri`` shows: the draft, or the document where none is being written."""
        of = unquote(urlsplit(uri).query)
        document = self.documents.get(of)
        if document is None:
            return ""
        return self._drafted.setdefault(of, document.text)

    def show(self, document: Snapshot, draft: Draft) -> None:
        """A fill of ``document`` has got so far."""
        ranges = [(span.start, span.end) for span in draft.spans]
        self._put(document.uri, replaced(document.text, ranges, [span.text for span in draft.spans]))

    def end(self, document: Snapshot) -> None:
        """The fill is over: the document is as it is."""
        current = self.documents.get(document.uri) or document
        self._put(document.uri, current.text)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._drafted.pop(uri, None)

    def _put(self, uri: str, text: str) -> None:
        if uri in self._drafted and self._drafted[uri] != text:
            self._drafted[uri] = text
            self.refresh(preview_uri(uri))
