"""Lists, tables and comments: an answer goes on as the lines above it began."""

from __future__ import annotations

import re

from engine.text.line_start import line_before, line_start

_NUMBER = re.compile(r"([ \t]*)(\d+)([.)])(?=[ \t])")
_LEADER = re.compile(r"[ \t]*(?:#+|//+!?|--+|;+|%+|\*)(?=\s|\Z)[ \t]*")
_PIPE = re.compile(r"(?<!\\)\|")


def with_next_number(answer: str, text: str, start: int) -> str:
    """Items of a numbered list count on from the item above, where the answer begins a line."""
    start_of_line = line_start(text, start)
    above = _NUMBER.match(_line_above(text, start_of_line))
    if text[start_of_line:start].strip() or above is None:
        return answer
    indent, number = above[1], int(above[2])
    lines = answer.split("\n")
    for i, line in enumerate(lines):
        whole = text[start_of_line:start] + line if i == 0 else line
        found = _NUMBER.match(whole)
        if found is None or found[1] != indent or found[3] != above[3]:
            continue
        number += 1
        lines[i] = line.replace(found[2], str(number), 1)
    return "\n".join(lines)


def with_leader(answer: str, line_before: str) -> str:
    """Further lines of a comment begin as its first one does."""
    leader = _LEADER.match(line_before)
    if leader is None or "\n" not in answer:
        return answer
    first, *rest = answer.split("\n")
    mark = leader[0].rstrip() + " "
    led = [
        line if not line.strip() or line.lstrip().startswith(mark.strip()) else mark + line.lstrip()
        for line in rest
    ]
    return "\n".join([first, *led])


def breaks_table(line: str, text: str, start: int) -> bool:
    """True when ``line``, which holds the offset ``start``, has other cells than the row of the
    table above it."""
    above = _line_above(text, line_start(text, start))
    if not above.lstrip().startswith("|") or not line.strip():
        return False
    return len(_PIPE.findall(line.strip())) != len(_PIPE.findall(above.strip()))


def _line_above(text: str, start: int) -> str:
    """The line that ends right before ``start``."""
    return line_before(text, max(0, start - 1)).rstrip("\r")
