"""The key that a client sends: kept in a file that only its user can read."""

from __future__ import annotations

from pathlib import Path

from engine.base.regular_file import read_regular_file
from engine.http.security.keys import check_private
from engine.http.settings import SettingsError

KEY_BYTES = 64 << 10


def read_client_key(path: Path) -> str:
    """The first key of a file in the server's format (``KEY`` or ``NAME KEY`` on a line).

    ``SettingsError`` for a file that others can read or that holds no key; it quotes no key.
    """
    try:
        check_private(path, path.stat())
        lines = read_regular_file(path, KEY_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(
            f"The key file {path} cannot be read; name a UTF-8 text file with the key in it."
        ) from exc
    for line in lines:
        words = line.split()
        if words and not words[0].startswith("#"):
            key = words[-1]
            if len(words) > 2 or not key.isascii() or not key.isprintable():
                break
            return key
    raise SettingsError(f"The key file {path} holds no key; write KEY or NAME KEY on a line.")
