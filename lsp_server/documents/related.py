"""Related context: the other open documents and recent edits, without what may hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from engine import Snippet
from lsp_server.documents.document import Snapshot
from lsp_server.documents.recent_edits import RecentEdits

MOST = 6
_SECRET = re.compile(
    r"(?:^|/)(?:\.env[^/]*|\.netrc|\.pgpass|\.npmrc|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519)[^/]*|[^/]*(?:secret|credential|password)"
    r"[^/]*|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg))$",
    re.IGNORECASE,
)


def may_hold_secrets(uri: str) -> bool:
    """True for environment files, keys and the like, by name."""
    return _SECRET.search(unquote(urlsplit(uri).path)) is not None


def related_snippets(
    document: Snapshot, open_documents: Iterable[Snapshot], recent: RecentEdits, notebook_seen: bool = False
) -> tuple[Snippet, ...]:
    """The other open documents, those of the same language first, the last changed first; then what was edited of late in
    documents that are not among them, closed ones too.

    Cells of the document's notebook come first, or not at all where they are part of the text (``notebook_seen``).
    """
    notebook = urlsplit(document.uri).path
    others = [other for other in open_documents if other.uri != document.uri and not may_hold_secrets(other.uri)]
    cells = {other.uri for other in others if urlsplit(other.uri).path == notebook}
    others = [other for other in reversed(others) if not (notebook_seen and other.uri in cells)]
    ranked = sorted(others, key=lambda other: (other.uri not in cells, other.language != document.language))[:MOST]
    shown = {document.uri, *cells, *(other.uri for other in ranked)}
    places = [place for place in recent.beyond(shown) if not may_hold_secrets(place.uri)]
    found = [Snippet(path=_short(other.uri), text=other.text) for other in ranked]
    return tuple(found + [Snippet(path=_short(place.uri), text=place.text) for place in places])


def _short(uri: str) -> str:
    """The last two parts of a path: enough to tell files apart, without the user's folders."""
    return "/".join(unquote(urlsplit(uri).path).split("/")[-2:]).lstrip("/")
