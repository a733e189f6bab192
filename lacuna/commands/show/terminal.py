"""Text of a user or of a model on its way to a terminal: it is shown, never obeyed.

A document may hold escape sequences that rename the window, move the cursor or answer in the place
of the user, and the markup or emoji codes of the library that draws. What is given to that library
as ``Text`` is free of the latter.
"""

from __future__ import annotations

import re
import sys

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Control characters but tab and line end, separators of lines, and what changes the direction of
writing."""


def say(line: str) -> None:
    """A line on standard error. File names and names of models come from elsewhere, too."""
    sys.stderr.write(f"{visible(line)}\n")


def show(text: str) -> None:
    """Text on standard output: written out at a terminal, else as it is."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


def visible(text: str) -> str:
    """``text`` with every control character written out, as ``\\x1b``."""
    return _CONTROL.sub(
        lambda match: (
            f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}"
        ),
        text,
    )
