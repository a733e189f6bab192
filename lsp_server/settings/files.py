"""``lacuna.toml``: where it may stand, and reading it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from platformdirs import user_config_path

from engine.base.regular_file import NotReadable, read_regular_text
from lsp_server.settings.schema import Layer

NAME = "lacuna.toml"
MOST_BYTES = 64 * 2**10


def user_file() -> Path | None:
    """The user's file; ``None`` where the system knows no home folder of theirs."""
    try:
        path = user_config_path("lacuna", appauthor=False) / NAME
    except RuntimeError:  # no HOME, and a user whom the system does not know
        return None
    # Older versions of the library left "~" in the path, and a folder of that name in the workspace
    # would be read.
    return path if path.is_absolute() else None


def read_user_file() -> Layer | str | None:
    """The user's layer of settings, ``None`` where there is no file, or a sentence where it cannot
    be read."""
    path = user_file()
    return None if path is None else _read(path, None)


def read_workspace_file(folder: Path) -> Layer | str | None:
    """A workspace folder's layer: a small regular file that lies in the folder."""
    return _read(folder / NAME, folder)


def _read(path: Path, within: Path | None) -> Layer | str | None:
    try:
        text = read_regular_text(path, MOST_BYTES, within)
        return Layer(str(path), tomllib.loads(text), own=within is None)
    except FileNotFoundError:
        return None
    except NotReadable as exc:
        reason = str(exc)
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as exc:
        reason = str(exc)
    return f"Lacuna's settings in {path} are not used: {reason}."
