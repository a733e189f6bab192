"""A difference of two texts as a patch that ``patch`` and ``git apply`` take, and as a person reads
it in a terminal."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from lacuna.commands.show.terminal import visible

_COLOURS = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
_NO_END = "\\ No newline at end of file\n"
_PLAIN_NAME = re.compile(r'[^\x00-\x1f"\\\x7f]*')


def as_patch(before: str, after: str, name: str) -> Iterator[str]:
    """Lines of the unified diff of ``name``, each with its line end.

    A line ends at ``\\n`` and nowhere else, as for every tool that reads patches: form feeds,
    single carriage returns and Unicode's separators stand inside a line.
    """
    shown = _quoted(name)
    for line in difflib.unified_diff(_lines(before), _lines(after), shown, shown):
        yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def print_diff(lines: Iterator[str]) -> None:
    """To standard output: with colours at a terminal, else byte for byte."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        if console.is_terminal:
            colour = next((style for mark, style in _COLOURS.items() if line.startswith(mark)), "")
            console.print(Text(visible(line.removesuffix("\n").removesuffix("\r")), style=colour))
        else:
            sys.stdout.write(line)
    sys.stdout.flush()


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _quoted(name: str) -> str:
    """A file name as git writes it: quoted where it holds control characters; a tab ends a name
    that holds blanks."""
    if not _PLAIN_NAME.fullmatch(name):
        plain = set(range(32, 127)) - set(b'"\\')
        data = name.encode("utf-8", "surrogateescape")
        escaped = "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in data)
        return f'"{escaped}"'
    return f"{name}\t" if " " in name else name
