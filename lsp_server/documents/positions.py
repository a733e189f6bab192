"""LSP positions and text offsets, in all three encodings. Pure functions over one line.

A *position* counts code units of the negotiated encoding, an *offset* counts code points of a
Python string. pygls has a codec, which walks a line character by character in Python; ``lacuna
bench positions`` compares the two.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LONGER = {"utf-8": (0x80, 0x800, 0x10000), "utf-16": (0x10000,), "utf-32": ()}
"""Code points from which on a character takes one unit more."""


def _units(text: str, encoding: Encoding) -> NDArray[np.int64]:
    """Code units of every character (n,); a lone surrogate counts as the code unit it is."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    units = np.ones(len(codes), np.int64)
    for bound in _LONGER[encoding]:
        units += codes >= bound
    return units


def index_in_line(line: str, character: int, encoding: Encoding) -> int:
    """The index of a position's ``character`` in ``line`` (without its line end).

    Beyond the end it is the end, as LSP says; inside a character it is that character's start.
    """
    if encoding == "utf-32" or line.isascii():
        return max(0, min(character, len(line)))
    # A character is at least one unit, so what lies further to the right does not count.
    ends = np.cumsum(_units(line[: max(0, character) + 1], encoding))
    return int(np.searchsorted(ends, character, side="right"))


def character_in_line(line: str, index: int, encoding: Encoding) -> int:
    """The ``character`` of a position at ``index`` of ``line``."""
    head = line[:index]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    return int(_units(head, encoding).sum())
