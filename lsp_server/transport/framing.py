"""Messages out of a stream of bytes: ``Content-Length: N``, an empty line, N bytes. No input or
output happens here.

What is not a message is dropped and reported, and reading goes on at the next ``Content-Length``
header with its line end: JSON cannot hold one, because its strings hold no line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_BODY = 128 * 2**20
"""Bytes of one message: a document of 20 MB fits even when every character is escaped."""
MAX_HEADER = 8 * 2**10
"""Bytes in front of a body; clients send less than a hundred."""
NAMES = (b"content-length", b"content-type")
"""The two headers that LSP has; names are compared without regard to case."""

_END = re.compile(rb"\r?\n\r?\n")
_RESUME = re.compile(rb"content-length[ \t]{0,8}:[ \t]{0,8}\d{1,20}\r?\n", re.IGNORECASE)
_LONGEST_MARK = 64
"""Bytes at the end of what is dropped that may be the beginning of a header."""


@dataclass(frozen=True)
class Unreadable:
    """Something came that is not a message."""

    reason: str
    """One sentence; never what was sent."""


@dataclass
class Framing:
    """Feed it bytes as they come; it gives bodies and reports."""

    strict: bool = False
    """Only the headers of LSP are let in, so that no HTTP request passes for a message."""
    max_body: int = MAX_BODY
    _buffer: bytearray = field(default_factory=bytearray)
    _length: int | None = None
    """Of the body that is being read."""
    _lost: bool = False
    """Bytes are dropped until the next header."""

    @property
    def waiting(self) -> bool:
        """True in the middle of a message."""
        return bool(self._buffer) or self._length is not None

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[bytes | Unreadable]:
        """Whatever is complete now, in order."""
        self._buffer += chunk
        while True:
            if self._lost and not self._resumed():
                return
            if self._length is None:
                found = self._header()
                if found is None:
                    return
                if isinstance(found, Unreadable):
                    self._lost = True
                    yield found
                    continue
                self._length = found
            if len(self._buffer) < self._length:
                return
            body = bytes(memoryview(self._buffer)[: self._length])
            del self._buffer[: self._length]
            self._length = None
            yield body

    def _header(self) -> int | Unreadable | None:
        """The length that the header says, ``None`` while it is not complete; what was read is
        gone."""
        end = _END.search(self._buffer, 0, MAX_HEADER)
        if end is None:
            if len(self._buffer) < MAX_HEADER and not (self.strict and self._foreign()):
                return None
            del self._buffer[:1]
            return Unreadable("The header is not one of LSP.")
        lines = bytes(self._buffer[: end.start()]).splitlines()
        del self._buffer[: end.end()]
        length: int | None = None
        for line in lines:
            name, colon, value = line.partition(b":")
            key = name.strip().lower()
            if self.strict and (not colon or key not in NAMES):
                return Unreadable("The header is not one of LSP.")
            if key == b"content-length":
                value = value.strip()
                if not value.isdigit() or len(value) > 18:
                    return Unreadable("A message has no length that is a number.")
                length = int(value)
        if length is None:
            return Unreadable("A message has no Content-Length.")
        if length > self.max_body:
            return Unreadable(f"A message of {length} bytes is longer than {self.max_body}.")
        return length

    def _foreign(self) -> bool:
        """True when the first line cannot become a header of LSP."""
        first = bytes(self._buffer[:MAX_HEADER]).splitlines()[:1]
        name = first[0].partition(b":")[0].strip().lower() if first else b""
        return not any(known.startswith(name) or name == known for known in NAMES)

    def _resumed(self) -> bool:
        """Drop bytes up to the next header; False when there is none yet."""
        found = _RESUME.search(self._buffer)
        if found is None:
            del self._buffer[: max(0, len(self._buffer) - _LONGEST_MARK)]
            return False
        del self._buffer[: found.start()]
        self._lost = False
        return True
