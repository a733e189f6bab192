"""API keys: read once from a file that nobody else can read, compared in constant time, never
shown."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.http.settings import SettingsError

SHORTEST = 16
"""Characters of a key; shorter ones can be guessed."""


@dataclass(frozen=True)
class Keys:
    """Names and digests of the keys; without any, everybody may ask."""

    digests: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def name_of(self, offered: str) -> str | None:
        """Whose key was ``offered``; ``None`` for nobody's. Takes as long for a wrong key as for a
        right one."""
        digest = hashlib.sha256(offered.encode("utf-8", "surrogateescape")).digest()
        found = None
        for name, known in self.digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


def read_keys(path: Path) -> Keys:
    """One key a line, optionally ``NAME KEY``; blank lines and ``#`` are passed over.

    ``SettingsError`` for a file that others can read or that holds no key. The message quotes no
    key.
    """
    try:
        with path.open(encoding="utf-8") as file:
            check_private(path, os.fstat(file.fileno()))
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(
            f"The key file {path} cannot be read; name a UTF-8 text file with one key a line."
        ) from exc
    digests: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) > 2:
            raise SettingsError(f"{path}, line {number}: a line is KEY or NAME KEY.")
        name, key = (f"{number}", words[0]) if len(words) == 1 else (words[0], words[1])
        if len(key) < SHORTEST:
            raise SettingsError(
                f"{path}, line {number}: a key has at least {SHORTEST} characters; use a random "
                "one."
            )
        if name in digests:
            raise SettingsError(
                f"{path}, line {number}: this name stands twice; give every key its own."
            )
        digests[name] = hashlib.sha256(key.encode()).digest()
    if not digests:
        raise SettingsError(f"The key file {path} holds no key; write one a line.")
    return Keys(digests)


def check_private(path: Path, info: os.stat_result) -> None:
    """``SettingsError`` unless a file belongs to the user (or root) and is closed to everybody
    else."""
    if os.name != "posix":
        return
    if info.st_uid not in (0, os.getuid()):
        raise SettingsError(f"The key file {path} belongs to another user; use a file of your own.")
    if stat.S_IMODE(info.st_mode) & 0o077:
        raise SettingsError(f"Others can read the key file {path}; close it with chmod 600.")
