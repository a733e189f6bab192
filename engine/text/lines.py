"""The lines that an answer makes, and those next to them: is one said twice?"""

from __future__ import annotations

import re

from engine.text.line_start import line_start

NEIGHBOURS = 4
"""Lines of one depth on either side that a new line must not repeat."""
_WORD = re.compile(r"\w")
_ROOM = 4_000


def filled_lines(before: str, answer: str, after: str) -> list[str]:
    """The lines that stand there with ``answer`` between what its line has ``before`` and ``after``
    it."""
    return [line for line in (before + answer + after).split("\n") if bare(line)]


def neighbours(text: str, start: int, end: int, line: str) -> tuple[list[str], list[str]]:
    """Lines above and below those of ``text[start:end]`` that a new ``line`` must not repeat, the
    nearest first.

    The nearest one that is not empty, those around it as deep as ``line``, and above the heads that
    enclose it.
    """
    first, last = line_start(text, start), text.find("\n", end)
    above = text[max(0, first - _ROOM) : first].split("\n")[::-1]
    below = [] if last < 0 else text[last + 1 : last + _ROOM].split("\n")
    depth = _depth(line)
    return [*_beside(above, depth), *_heads(above, depth)], _beside(below, depth)


def repeats(line: str, above: list[str], below: list[str]) -> bool:
    """True when ``line`` stands next to its span already, in a document that does not repeat its
    lines there.

    Lines without a word (closing brackets, rules of a table) may stand twice.
    """
    around = [*reversed(above), *below]
    usual = {one for one, following in zip(around, around[1:], strict=False) if one == following}
    return bool(_WORD.search(line)) and bare(line) in {*above, *below} - usual


def repeats_neighbour(
    text: str, start: int, end: int, answer: str, before: str, after: str
) -> bool:
    """Whether ``answer`` for ``text[start:end]`` makes a line that stands beside it already;
    ``before`` and ``after`` are what its line has on either side."""
    return any(
        repeats(line, *neighbours(text, start, end, line))
        for line in filled_lines(before, answer, after)
    )


def _beside(lines: list[str], depth: int) -> list[str]:
    """The nearest line, and further ones as long as they are as deep."""
    seen = [line for line in lines if line.strip()]
    run = seen[:1]
    for line in seen[1:] if run and _depth(run[0]) == depth else ():
        if _depth(line) != depth or len(run) == NEIGHBOURS:
            break
        run.append(line)
    return [bare(line) for line in run]


def _heads(above: list[str], depth: int) -> list[str]:
    """Lines that enclose a line so deep, the nearest first."""
    heads = []
    for line in above:
        if line.strip() and _depth(line) < depth:
            heads.append(bare(line))
            depth = _depth(line)
    return heads


def _depth(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def bare(line: str) -> str:
    """What of a line counts: neither blanks nor the comma or semicolon at its end."""
    return line.strip().rstrip(",;").rstrip()
