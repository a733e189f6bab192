"""Read a file that somebody else wrote: a regular one and no larger than is sensible, never a
device or a pipe.

A folder may hold anything: a FIFO that nobody writes to stops its reader for ever, a link to an
endless device takes all memory. Both look like a file by name.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

JSON_BYTES = 64 << 20
"""The longest JSON file of a model folder; the tokenizers of large vocabularies have about 30 MB.
"""


class NotReadable(Exception):
    """Why a file is not read, as the end of a sentence."""


def read_regular_file(path: Path, most: int, within: Path | None = None) -> bytes:
    """The bytes of ``path``, at most ``most`` of them.

    ``OSError``, with the end of a sentence as ``strerror``, where it is not a regular file or
    longer. Links are followed, but not out of the folder ``within``.
    """
    if within is not None and not path.resolve(strict=True).is_relative_to(within.resolve()):
        raise OSError(errno.ELOOP, "it is a link that leads out of the workspace", str(path))
    with open_regular_file(path) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes", str(path))
    return data


def open_regular_file(path: Path, follow: bool = True) -> BinaryIO:
    """A stream of ``path``; ``OSError`` as above where it is not a regular file, or a link that is
    not to be followed."""
    # Before it is opened, because opening a device may already do something.
    require_regular(os.stat(path, follow_symlinks=follow), path)
    flags = ["O_NONBLOCK", "O_BINARY", "O_CLOEXEC", *([] if follow else ["O_NOFOLLOW"])]
    descriptor = os.open(path, sum((getattr(os, flag, 0) for flag in flags), os.O_RDONLY))
    stream = open(descriptor, "rb")
    try:
        require_regular(os.fstat(descriptor), path)  # it may have been exchanged meanwhile
    except BaseException:
        stream.close()
        raise
    return stream


def read_regular_text(path: Path, most: int, within: Path | None = None) -> str:
    """The text of a small regular file; ``FileNotFoundError`` where there is none, ``NotReadable``
    with the reason where it is something else."""
    try:
        return read_regular_file(path, most, within).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise FileNotFoundError from exc
    except UnicodeDecodeError as exc:
        raise NotReadable("it is not UTF-8 text") from exc
    except (OSError, RuntimeError) as exc:  # RuntimeError: a loop of links
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise NotReadable(reason or "it is a link that leads nowhere") from exc


def require_regular(info: os.stat_result, path: Path) -> None:
    """``OSError`` unless ``info`` is of a regular file."""
    if stat.S_ISDIR(info.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a regular file", str(path))
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def read_json(path: Path, most: int = JSON_BYTES) -> Any:
    """The value of a JSON file; ``OSError`` as above, ``ValueError`` where it is not JSON."""
    return decode_json(read_regular_file(path, most))


def decode_json(data: bytes) -> Any:
    """The value of a JSON text; ``ValueError`` where it is none or nested deeper than anybody
    needs."""
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc
