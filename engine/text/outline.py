"""What a document says of a place outside its window: the heads of what encloses it, imports, signatures.

Lines are taken, not parsed: the lines that open the blocks (or the headings that stand) above the window, nearest first;
imports that bring a name used near the spans; definitions of such a name. They stand in front of the window in the order of
the document, as if what lies between had been folded away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Encode = Callable[[str], list[int]]

NEAR = 60_000
"""Characters on each side of the window that are looked at; a document of any size costs the same."""
HEAD = 8_000
"""Characters at the start of the document that are looked at: imports stand there."""
LONGEST = 160
"""Characters of a line worth showing."""
_NAME = re.compile(r"[^\W\d]\w{2,}")
_IMPORT = re.compile(
    r"\s*+(?:from\s++[\w.]++\s++import\b|(?:import|use|using|require)\b|#\s*+include\b|[^=]*+=\s*+require\()"
)
_DEFINITION = re.compile(
    r"\s*+(?:(?:export|default|public|private|protected|static|abstract|final|pub|async|unsafe|const|inline|extern)\s++)*+"
    r"(?:def|class|func|fn|function|struct|enum|trait|interface|type|impl|namespace|module)\s++(?:\([^)]*+\)\s*+)?+(\w++)"
)
_INDENT = re.compile(r"(?:[ \t]*+\r?\n)*+([ \t]*+)")
_HEADING = re.compile(r"(#{1,6})\s")


def outline_ids(text: str, low: int, high: int, around: str, headings: bool, encode: Encode, budget: int) -> list[int]:
    """Token ids of what ``text`` says outside ``low:high`` of the names in ``around``, at most ``budget``.

    ``headings``: lines that begin with ``#`` are headings, as in Markdown.
    """
    taken: dict[int, list[int]] = {}
    left = budget
    for start in telling_lines(text, low, high, around, headings) if budget > 0 else ():
        ids = encode(text[start : text.index("\n", start)].rstrip("\r") + "\n")
        if len(ids) <= left:
            taken[start] = ids
            left -= len(ids)
    return [i for start in sorted(taken) for i in taken[start]]


def telling_lines(text: str, low: int, high: int, around: str, headings: bool) -> list[int]:
    """Where lines begin that are worth a look, the most telling first."""
    wanted = set(_NAME.findall(around))
    imports, definitions = [], []
    lines = list(_lines(text, low, high))
    for start, line in lines:
        if _IMPORT.match(line):
            if wanted.intersection(_NAME.findall(line)):
                imports.append(start)
        elif (found := _DEFINITION.match(line)) and found[1] in wanted:
            definitions.append(start)
    upwards = [(start, line) for start, line in reversed(lines) if start < low]
    above = _headings(upwards) if headings else _enclosing(upwards, _indent_at(text, low))
    return list(dict.fromkeys([*above, *imports, *definitions]))


def _lines(text: str, low: int, high: int) -> Iterator[tuple[int, str]]:
    """(offset, line) of the lines outside the window, as far as they are looked at."""
    near = max(0, low - NEAR)
    for first, last in ((0, min(HEAD, near)), (near, low), (high, min(len(text), high + NEAR))):
        at = first
        for line in text[first:last].split("\n")[:-1]:
            if len(line) <= LONGEST:
                yield at, line
            at += len(line) + 1


def _headings(upwards: list[tuple[int, str]]) -> Iterator[int]:
    """Where headings begin, ever higher in rank."""
    rank = 7
    for start, line in upwards:
        if (heading := _HEADING.match(line)) and len(heading[1]) < rank:
            rank = len(heading[1])
            yield start


def _enclosing(upwards: list[tuple[int, str]], depth: int) -> Iterator[int]:
    """Where lines begin that open what a line indented by ``depth`` stands in, ever less indented."""
    for start, line in upwards:
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent < depth and line[indent] not in "#/*":  # comments open nothing
            yield start
            if line[indent] not in ")]}":  # the end of a head of several lines: its beginning is as far out
                depth = indent


def _indent_at(text: str, low: int) -> int:
    """Indentation of the first line from ``low`` on that is not empty."""
    found = _INDENT.match(text, low)
    return len(found[1]) if found else 0
