"""Related context: the other open documents, without those that may hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from engine import Snippet
from lsp_server.document import Snapshot

MOST = 6
_SECRET = re.compile(
    r"(?:^|/)(?:\.env[^/]*|\.netrc|\.pgpass|\.npmrc|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519)[^/]*|[^/]*(?:secret|credential|password)"
    r"[^/]*|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg))$",
    re.IGNORECASE,
)


def may_hold_secrets(uri: str) -> bool:
    """True for environment files, keys and the like, by name."""
    return _SECRET.search(unquote(urlsplit(uri).path)) is not None


def related_snippets(document: Snapshot, open_documents: Iterable[Snapshot]) -> tuple[Snippet, ...]:
    """The other open documents, the last changed first: cells of the same notebook, then the same language, then others."""
    notebook = urlsplit(document.uri).path
    others = [other for other in open_documents if other.uri != document.uri and not may_hold_secrets(other.uri)]
    others.reverse()
    ranked = sorted(others, key=lambda o: (urlsplit(o.uri).path != notebook, o.language != document.language))
    return tuple(Snippet(path=_short(other.uri), text=other.text) for other in ranked[:MOST])


def _short(uri: str) -> str:
    """The last two parts of a path: enough to tell files apart, without the user's folders."""
    return "/".join(unquote(urlsplit(uri).path).split("/")[-2:]).lstrip("/")
