"""Where the user wants no suggestion unless they ask for one.

An answer that is not worth showing is held back by ``engine.infill.gate.rules``, not here.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from engine.text.syntax import inside
from lsp_server.documents.document import Snapshot
from lsp_server.settings.schema import Settings


def is_suppressed(document: Snapshot, at: int, settings: Settings) -> bool:
    """True in a file, a comment or a string that the settings name."""
    if settings.quiet_files:
        path = unquote(urlsplit(document.uri).path)
        names = path, path.rsplit("/", 1)[-1]
        if any(fnmatchcase(name, pattern) for pattern in settings.quiet_files for name in names):
            return True
    return bool(settings.quiet_in) and inside(
        document.text, at, document.language, settings.quiet_in
    )
