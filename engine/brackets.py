"""Brackets and quotes across a span: forms of an answer with one closing mark more or fewer."""

from __future__ import annotations

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}
_QUOTES = "\"'`"
MOST = 4
"""Brackets that are added or taken at the end of an answer."""
AROUND = 600
"""Characters on each side of a place in which a bracket may find its partner."""
PROSE = frozenset({"markdown", "plaintext", "restructuredtext"})
"""Languages whose marks need no partner."""


def imbalance(text: str) -> tuple[str, str]:
    """(closing marks without an opening one, marks that would close what is left open), strings being skipped.

    A quote that is not closed on its line is an apostrophe.
    """
    stray, open_marks = "", ""
    at = 0
    while at < len(text):
        mark = text[at]
        if mark in _QUOTES:
            end = _string_end(text, at)
            if end is None and mark != "'" and "\n" not in text[at:]:
                return stray, open_marks + mark  # the rest of the line is its string
            at = end or at
        elif mark in _CLOSERS:
            open_marks += _CLOSERS[mark]
        elif mark in _OPENERS:
            if open_marks.endswith(mark):
                open_marks = open_marks[:-1]
            else:
                stray += mark
        at += 1
    return stray, open_marks


def balanced_forms(answer: str, before: str, after: str) -> list[str]:
    """``answer`` first, then forms in which it agrees better with the line ``before`` and ``after`` it.

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
        forms += [answer.rstrip() + left_open[::-1][:count] for count in range(1, min(len(left_open), MOST) + 1)]
    return forms


def disagreement(text: str) -> int:
    """How many brackets and quotes of ``text`` have no partner: the judge where there is no grammar."""
    stray, left_open = imbalance(text)
    return len(stray) + len(left_open)


def leaves_brackets(answer: str, text: str, start: int, end: int, language: str | None) -> bool:
    """True when ``answer`` for ``text[start:end]`` brings brackets or quotes that find no partner around it."""
    if language is None or language in PROSE:
        return False
    near, far = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return disagreement(near + answer + far) > disagreement(near + far)


def _string_end(text: str, start: int) -> int | None:
    """Where the string that opens at ``start`` closes on its line, or, in triple quotes, anywhere."""
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
