"""Small files of a workspace, read without trusting it: a link, a FIFO or a device must not hang us
or fill the memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class NotReadable(Exception):
    """Why a file is not read, as the end of a sentence."""


def read_regular(path: Path, most_bytes: int, within: Path | None = None) -> str:
    """The text of a small regular file; ``FileNotFoundError`` where there is none, ``NotReadable``
    where it is no such file.

    ``within``: the folder that it must lie in once links are followed.
    """
    try:
        if within is not None and not path.resolve(strict=True).is_relative_to(within.resolve()):
            raise NotReadable("it is a link that leads out of the workspace")
        _check(os.stat(path), most_bytes)  # before it is opened: opening a device can have effects
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        )
        with open(descriptor, "rb") as file:
            _check(os.fstat(descriptor), most_bytes)  # it may have been exchanged meanwhile
            data = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise FileNotFoundError from exc
    except (OSError, RuntimeError) as exc:
        reason = (
            exc.strerror
            if isinstance(exc, OSError) and exc.strerror
            else "it is a link that leads nowhere"
        )
        raise NotReadable(reason) from exc
    if len(data) > most_bytes:
        raise NotReadable(f"it is larger than {most_bytes} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise NotReadable("it is not UTF-8 text") from exc


def _check(about: os.stat_result, most_bytes: int) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise NotReadable("it is not a regular file")
    if about.st_size > most_bytes:
        raise NotReadable(f"it is larger than {most_bytes} bytes")
