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
from typing import Any

JSON_BYTES = 64 << 20
"""The longest JSON file of a model folder; the tokenizers of large vocabularies have about 30 MB.
"""


def read_regular_file(path: Path, most: int) -> bytes:
    """The bytes of ``path``, at most ``most`` of them.

    ``OSError``, with a sentence as ``strerror``, where it is not a regular file or longer. Links
    are followed.
    """
    require_regular(
        os.stat(path), path
    )  # before it is opened, because opening a device may already do something
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(descriptor, "rb") as stream:
        require_regular(os.fstat(descriptor), path)
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"longer than {most} bytes", str(path))
    return data


def require_regular(info: os.stat_result, path: Path) -> None:
    """``OSError`` unless ``info`` is of a regular file."""
    if stat.S_ISDIR(info.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
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
