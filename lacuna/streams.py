"""The three standard streams: there, in UTF-8, and missed with a sentence when they cannot be
used."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO


class OutputLost(Exception):
    """Standard output takes nothing more (a full disk, a closed stream); one sentence."""


def open_closed_streams() -> None:
    """Put something in the place of streams that the caller closed.

    The next file that is opened would get their numbers, and what is printed would end up in it.
    What stands in for them fails when it is used: closed input is not empty input, and closed
    output did not take the answer.
    """
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


def utf8_streams() -> None:
    """Text is UTF-8 whatever the locale says: a patch must be the bytes of its file."""
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    sys.stdout = _Output(sys.stdout) if sys.stdout is not None else _Output(_unwritable())
    for stream in (sys.stdin, sys.stdout):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not stream.isatty():
            reconfigure(encoding="utf-8", errors="surrogateescape")
        elif reconfigure is not None:
            reconfigure(errors="replace")


def discard_output() -> None:
    """Let what is still buffered for standard output go nowhere, so that the interpreter ends
    quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _unwritable() -> TextIO:
    return open(1, "w", encoding="utf-8", closefd=False)


class _Output:
    """Standard output, whose failures are told apart from those of other files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return int(self._guarded("write", text))

    def flush(self) -> None:
        self._guarded("flush")

    def _guarded(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._stream, method)(*arguments)
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise OutputLost(
                f"Standard output cannot be written ({exc.strerror}); send it to another place."
            ) from exc

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
