"""URIs of documents: the paths they name. A client may send any string, so nothing here fails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from pygls import uris

PREVIEW_SCHEME = "lacuna-draft"
"""Of the virtual documents that show a fill while it is being written."""


def path_of(uri: str) -> Path | None:
    """The file of this machine that a URI names; ``None`` where it names none."""
    try:
        path = uris.to_fs_path(_whole(uri))
    except ValueError:  # "//[x" has a host that is not one
        return None
    return Path(path) if path and "\0" not in path else None


def name_in(uri: str) -> str:
    """The decoded path of a URI of any scheme; a string that is not a URI is its own path."""
    try:
        return str(uris.urlparse(_whole(uri))[2])
    except ValueError:
        return unquote(uri)


def _whole(uri: str) -> str:
    """Python's parser, which pygls uses, takes what follows a semicolon for parameters; in a file's
    name it is a letter."""
    return uri.replace(";", "%3B")
