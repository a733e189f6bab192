"""Read a user's files (strict UTF-8, line ends and marks untouched), and positions in them as users
write them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from engine import Snippet
from engine.base.atomic_write import write_file
from lacuna.document_file import MOST_BYTES, decoded
from lacuna.errors import UserError
from lacuna.journal import recover

_POSITION = re.compile(r"(\d+):(\d+)\Z")


def read_text(file: str) -> str:
    """The text of ``file`` (``-``: standard input), every character of it; ``UserError`` when it is
    no UTF-8 text."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            recover(Path(file).resolve())
            with open(file, "rb") as stream:  # a pipe is welcome here: `lacuna fill <(command)`
                data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as exc:
        raise UserError(f"There is no file {file}; check the name.") from exc
    except IsADirectoryError as exc:
        raise UserError(f"{file} is a folder; name a file.") from exc
    except OSError as exc:
        raise UserError(f"{file} cannot be read: {exc.strerror}.") from exc
    except (RuntimeError, ValueError) as exc:  # a loop of links, a name with a null byte
        raise UserError(f"{file!r} cannot be read; check the name.") from exc
    if len(data) > MOST_BYTES:
        raise UserError(f"{file} is longer than {MOST_BYTES >> 20} MiB; fill a part of it.")
    return decoded(file, data)


def write_output(path: Path, text: str) -> None:
    """Make a file that the user named: whole or not at all; a pipe or a device is written to."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
    else:
        write_file(path, text)


def read_related(files: list[str]) -> tuple[Snippet, ...]:
    """Other files that may help, named as the user named them."""
    return tuple(Snippet(path=Path(file).name, text=read_text(file)) for file in files)


def offset_of(text: str, position: str) -> int:
    """The offset of ``L:C`` (lines and columns from 1, columns in code points, one past the end
    allowed)."""
    match = _POSITION.match(position)
    if not match or int(match[1]) < 1 or int(match[2]) < 1:
        raise UserError(f"{position!r} is not a place; write LINE:COLUMN, both from 1.")
    line, column = int(match[1]), int(match[2])
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if start == 0:
            raise UserError(
                f"There is no line {line}: the text has {text.count(chr(10)) + 1} lines."
            )
    end = text.find("\n", start)
    end = len(text) if end < 0 else end - (text[end - 1 : end] == "\r" and end > start)
    if column - 1 > end - start:
        raise UserError(
            f"There is no column {column} in line {line}: it has {end - start} characters."
        )
    return start + column - 1


def range_of(text: str, written: str) -> tuple[int, int]:
    """The offsets of ``L:C-L:C``, half open."""
    first, dash, last = written.partition("-")
    if not dash:
        raise UserError(f"{written!r} is not a range; write LINE:COLUMN-LINE:COLUMN.")
    start, end = offset_of(text, first), offset_of(text, last)
    if end < start:
        raise UserError(f"{written!r} ends before it starts.")
    return start, end
