"""LSP positions and text offsets, in all three encodings. Pure functions over one line.

A *position* counts code units of the negotiated encoding, an *offset* counts code points of a Python string.
"""

from __future__ import annotations

from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]


def units_of(char: str, encoding: Encoding) -> int:
    """Code units of one character; a lone surrogate counts as the code unit it is."""
    code = ord(char)
    if encoding == "utf-32":
        return 1
    if encoding == "utf-16":
        return 1 if code < 0x10000 else 2
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def index_in_line(line: str, character: int, encoding: Encoding) -> int:
    """The index of a position's ``character`` in ``line`` (without its line end).

    Beyond the end it is the end, as LSP says; inside a character it is that character's start.
    """
    if encoding == "utf-32" or line.isascii():
        return max(0, min(character, len(line)))
    units = 0
    for index, char in enumerate(line):
        units += units_of(char, encoding)
        if units > character:
            return index
    return len(line)


def character_in_line(line: str, index: int, encoding: Encoding) -> int:
    """The ``character`` of a position at ``index`` of ``line``."""
    head = line[:index]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    return sum(units_of(char, encoding) for char in head)
