"""Read and replace a user's files: strict UTF-8, line ends and marks untouched, replacement all or nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from engine import Snippet
from lacuna.errors import UserError

_PLACE = re.compile(r"(\d+):(\d+)\Z")


def read_text(file: str) -> str:
    """The text of ``file`` (``-``: standard input), every character of it; ``UserError`` when it is no UTF-8 text."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except FileNotFoundError as exc:
        raise UserError(f"There is no file {file}; check the name.") from exc
    except IsADirectoryError as exc:
        raise UserError(f"{file} is a folder; name a file.") from exc
    except OSError as exc:
        raise UserError(f"{file} cannot be read: {exc.strerror}.") from exc
    if b"\0" in data:
        raise UserError(f"{file} is a binary file; only text can be filled.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise UserError(f"{file} is not UTF-8 at byte {exc.start}; convert it first, for instance with iconv.") from exc


def read_related(files: list[str]) -> tuple[Snippet, ...]:
    """Other files that may help, named as the user named them."""
    return tuple(Snippet(path=Path(file).name, text=read_text(file)) for file in files)


def replace_file(file: str, text: str) -> None:
    """Replace ``file`` atomically, keeping its mode; a link keeps pointing at the replaced file."""
    target = Path(file).resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(target, name)
        os.replace(name, target)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise UserError(f"{file} could not be written ({exc.strerror}); it is unchanged.") from exc


def offset_of(text: str, place: str) -> int:
    """The offset of ``L:C`` (lines and columns from 1, columns in code points, one past the end allowed)."""
    match = _PLACE.match(place)
    if not match or int(match[1]) < 1 or int(match[2]) < 1:
        raise UserError(f"{place!r} is no place; write LINE:COLUMN, both from 1.")
    line, column = int(match[1]), int(match[2])
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if start == 0:
            raise UserError(f"There is no line {line}: the text has {text.count(chr(10)) + 1} lines.")
    end = text.find("\n", start)
    end = len(text) if end < 0 else end - (text[end - 1 : end] == "\r" and end > start)
    if column - 1 > end - start:
        raise UserError(f"There is no column {column} in line {line}: it has {end - start} characters.")
    return start + column - 1


def range_of(text: str, places: str) -> tuple[int, int]:
    """The offsets of ``L:C-L:C``, half open."""
    first, dash, last = places.partition("-")
    if not dash:
        raise UserError(f"{places!r} is no range; write LINE:COLUMN-LINE:COLUMN.")
    start, end = offset_of(text, first), offset_of(text, last)
    if end < start:
        raise UserError(f"{places!r} ends before it starts.")
    return start, end
