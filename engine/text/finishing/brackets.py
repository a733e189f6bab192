"""Brackets and quotes across a span: forms of an answer with one closing mark more or fewer."""

from __future__ import annotations

import re

from engine.text.finishing.latex import LATEX, leaves_unpaired
from engine.text.finishing.latex import would_close as latex_would_close
from engine.text.line_start import line_start

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}
_QUOTES = "\"'`"
MOST = 4
"""Brackets that are added or taken at the end of an answer."""
AROUND = 1000
"""Characters on each side of a span in which a bracket may find its partner."""
_LIST_MARK = re.compile(r"\s*\w{1,3}\)")
NEARBY = 3
"""Lines before and after an answer's own in which a mark without a partner speaks against it."""
PROSE = frozenset({"markdown", "plaintext", "restructuredtext"})
"""Languages whose marks need no partner."""


def unpaired(text: str) -> tuple[list[int], list[tuple[int, str]]]:
    """(offsets of closing marks without an opening one, offsets of marks left open and what would
    close each).

    Strings are skipped. A quote that is not closed on its line is an apostrophe.
    """
    stray: list[int] = []
    left: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        mark = text[at]
        if mark in _QUOTES:
            end = _string_end(text, at)
            if end is None and mark != "'" and "\n" not in text[at:]:
                return stray, [*left, (at, mark)]  # the rest of the line is its string
            at = end or at
        elif mark in _CLOSERS:
            left.append((at, _CLOSERS[mark]))
        elif mark in _OPENERS:
            if left and left[-1][1] == mark:
                left.pop()
            else:
                stray.append(at)
        at += 1
    return stray, left


def imbalance(text: str) -> tuple[str, str]:
    """(closing marks without an opening one, marks that would close what is left open)."""
    stray, left = unpaired(text)
    return "".join(text[at] for at in stray), "".join(mark for _, mark in left)


def would_close(line: str, language: str | None) -> str:
    """What closes, in order, whatever ``line`` leaves open."""
    return latex_would_close(line) if language in LATEX else imbalance(line)[1][::-1]


def balanced_forms(answer: str, before: str, after: str) -> list[str]:
    """``answer`` first, then forms in which it agrees better with the line ``before`` and ``after``
    it.

    Stray closing marks at its end are dropped, marks that stay open are closed.
    """
    forms = [answer]
    stray, _ = imbalance(before + answer + after)
    trimmed = answer.rstrip()
    for _ in range(min(len(stray), MOST)):
        if not trimmed[:-1] or trimmed[-1] not in _OPENERS:
            break
        trimmed = trimmed[:-1].rstrip()
        forms.append(trimmed)
    if not after.strip():
        _, left_open = imbalance(before + answer)
        forms += [
            answer.rstrip() + left_open[::-1][:count]
            for count in range(1, min(len(left_open), MOST) + 1)
        ]
    return forms


def disagreement(text: str) -> int:
    """How many brackets and quotes of ``text`` have no partner: the judge where there is no
    grammar."""
    stray, left_open = imbalance(text)
    return len(stray) + len(left_open)


def leaves_brackets(answer: str, text: str, start: int, end: int, language: str | None) -> bool:
    """True when ``answer`` for ``text[start:end]`` brings brackets or quotes that find no partner
    around it, or leaves those of the lines nearby without one."""
    if language is None:
        return False
    if language in LATEX:
        return leaves_unpaired(answer, text, start, end)
    near, far = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    filled = near + answer + far
    stray, left = unpaired(filled)
    if language in PROSE:
        stray = [
            at for at in stray if not _LIST_MARK.fullmatch(filled, line_start(filled, at), at + 1)
        ]
    elif len(stray) + len(left) > disagreement(near + far):
        return True
    behind = len(near) + len(answer)
    first, last = _line_start(filled, len(near), NEARBY), _line_end(filled, behind, NEARBY)
    return any(first <= at < last for at in stray) or any(first <= at < behind for at, _ in left)


def _line_start(text: str, at: int, lines: int) -> int:
    """Where the line begins that stands ``lines`` lines before that of ``at``."""
    for _ in range(lines + 1):
        at = text.rfind("\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _line_end(text: str, at: int, lines: int) -> int:
    for _ in range(lines + 1):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at


def _string_end(text: str, start: int) -> int | None:
    """Where the string that opens at ``start`` closes on its line, or, in triple quotes,
    anywhere."""
    mark = text[start]
    if text.startswith(mark * 3, start):
        end = text.find(mark * 3, start + 3)
        return None if end < 0 else end + 2
    at = start + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == "\\":
            at += 1
        elif text[at] == mark:
            return at
        at += 1
    return None
