"""Related context: the other open documents and recent edits, without what may hold secrets.

Only what the editor has open is read, never a file. A document is left out when its name or its
text looks like a secret, when an ignore file names it, when it lies behind a link out of the
workspace, and when it is too long to be looked through.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from engine.request.messages import Snippet
from engine.text.secret_files import IgnoreRules, secret_content, secret_name
from lsp_server.documents.document import DocumentStore, Snapshot
from lsp_server.documents.recent_edits import RecentEdits
from lsp_server.documents.uris import name_in, path_of

MOST = 6
MOST_CHARS = 100_000
"""Of a text that is looked through; a longer one is not used as context at all."""
REMEMBERED = 500
"""Texts that were looked through."""


@dataclass
class RelatedContext:
    """What may stand beside a document."""

    documents: DocumentStore
    recent: RecentEdits
    folders: Callable[[], Sequence[Path]]
    """Of the workspace."""
    rules: IgnoreRules = field(init=False)
    _looked_through: OrderedDict[bytes, bool] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.rules = IgnoreRules(self.folders)

    def snippets(self, document: Snapshot, notebook_seen: bool = False) -> tuple[Snippet, ...]:
        """The other open documents, those of the same language first, the last changed first; then
        what was edited of late in documents that are not among them, closed ones too.

        Cells of the document's notebook come first, or not at all where they are part of the text
        (``notebook_seen``).
        """
        notebook = name_in(document.uri)
        others = [other for other in self.documents if other.uri != document.uri]
        cells = {other.uri for other in others if name_in(other.uri) == notebook}
        others = [other for other in reversed(others) if not (notebook_seen and other.uri in cells)]
        ranked = sorted(
            others, key=lambda other: (other.uri not in cells, other.language != document.language)
        )
        readable = (
            other for other in ranked if self.readable(other.uri, other.text, other.language)
        )
        chosen = list(islice(readable, MOST))
        shown = {document.uri, *cells, *(other.uri for other in chosen)}
        edits = [edit for edit in self.recent.beyond(shown) if self.readable(edit.uri, edit.text)]
        found = [Snippet(path=_short(other.uri), text=other.text) for other in chosen]
        return tuple(found + [Snippet(path=_short(edit.uri), text=edit.text) for edit in edits])

    def readable(self, uri: str, text: str, language: str = "plaintext") -> bool:
        """True when a document may be read as context of another one."""
        if secret_name(name_in(uri)) or secret_name(uri):
            return False
        path = path_of(uri)
        return (path is None or self._allowed_path(path)) and not self._secret(text, language)

    def _allowed_path(self, path: Path) -> bool:
        """False for what is ignored, and for links out of the workspace or to what is a secret by
        its real name."""
        try:
            real = path.resolve()
            if secret_name(real.as_posix()) or self.rules.ignored(path):
                return False
            if real == path:
                return True
            around = [folder for folder in self.folders() if path.is_relative_to(folder)]
            inside = not around or any(
                real.is_relative_to(folder.resolve()) for folder in self.folders()
            )
            return inside and not self.rules.ignored(real)
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
            return False

    def _secret(self, text: str, language: str) -> bool:
        if len(text) > MOST_CHARS:
            return True
        about = f"{language}\0{text}".encode("utf-8", "surrogatepass")
        key = blake2b(about, digest_size=16).digest()
        if key not in self._looked_through:
            self._looked_through[key] = secret_content(text, language)
            if len(self._looked_through) > REMEMBERED:
                self._looked_through.popitem(last=False)
        self._looked_through.move_to_end(key)
        return self._looked_through[key]


def _short(uri: str) -> str:
    """The last two parts of a path: enough to tell files apart, without the user's folders."""
    return "/".join(name_in(uri).split("/")[-2:]).lstrip("/")
