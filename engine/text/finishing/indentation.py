"""How a document indents, and how deep an answer has to stand: in the document's own tabs or
blanks."""

from __future__ import annotations

import re
from collections import Counter

from engine.text.line_start import line_before, line_start

_INDENT = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
_LINE_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
NEAR = 4_000
_OPENERS, _CLOSERS = (":", "{", "[", "("), "}])"


def step_of(text: str) -> str:
    """One step of indentation: a tab, or as many blanks as lines are most often deeper than the one
    above; else four."""
    indents = _INDENT.findall(text)
    if indents and sum(indent[0] == "\t" for indent in indents) * 2 > len(indents):
        return "\t"
    steps: Counter[int] = Counter()
    depth = 0
    for line in text.split("\n"):
        if line.strip():
            own = len(line) - len(line.lstrip(" "))
            if own > depth:
                steps[own - depth] += 1
            depth = own
    return " " * (steps.most_common(1)[0][0] if steps else 4)


def with_tabs(answer: str, text: str, start: int, end: int) -> str:
    """Lines of the answer are indented by tabs where the document's lines are; its first one where
    it begins the line."""
    near = _LINE_INDENT.findall(_lines_around(text, start, end))
    if not near or sum(indent[0] == "\t" for indent in near) * 2 <= len(near):
        return answer
    begins = not line_before(text, start).strip()
    lines = answer.split("\n")
    tabbed = [_LINE_INDENT.sub(lambda indent: _as_tabs(indent.group()), line) for line in lines]
    return "\n".join(tabbed if begins else [lines[0], *tabbed[1:]])


def with_depth(answer: str, text: str, start: int, end: int) -> str:
    """A body stands one step deeper than the line that opens it, wherever the cursor stood
    before."""
    start_of_line = line_start(text, start)
    own = text[start_of_line:start]
    above = next(
        (
            line
            for line in reversed(text[max(0, start_of_line - NEAR) : start_of_line].split("\n"))
            if line.strip()
        ),
        "",
    )
    if (
        own.strip()
        or not answer.strip()
        or not above.rstrip().endswith(_OPENERS)
        or answer.lstrip()[0] in _CLOSERS
    ):
        return answer
    wanted = above[: len(above) - len(above.lstrip())] + step_of(_lines_around(text, start, end))
    lead = answer[: len(answer) - len(answer.lstrip(" \t"))]
    if answer[len(lead)] == "\n" or own + lead == wanted or not wanted.startswith(own):
        return answer
    first, *rest = answer[len(lead) :].split("\n")
    old = own + lead
    moved = [
        wanted + line[len(old) :] if line.startswith(old) and line.strip() else line
        for line in rest
    ]
    return "\n".join([wanted.removeprefix(own) + first, *moved])


def _lines_around(text: str, start: int, end: int) -> str:
    """Lines above and below those of ``text[start:end]``, which tell nothing: they are written
    again."""
    first, last = line_start(text, start), text.find("\n", end)
    return text[max(0, first - NEAR) : first] + ("" if last < 0 else text[last + 1 : last + NEAR])


def _as_tabs(indent: str) -> str:
    width = sum(4 if character == "\t" else 1 for character in indent)
    return "\t" * (width // 4) + " " * (width % 4)
