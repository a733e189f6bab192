"""Make an answer fit the text around it: nothing said twice, its indentation and line ends,
brackets closed.

Pure text functions; the model proposes, this keeps the document whole.
``tests/engine/text/postprocess/`` shows every rule.
"""

from __future__ import annotations

from engine.text.finishing.brackets import PROSE, balanced_forms, disagreement
from engine.text.finishing.indentation import with_depth, with_tabs
from engine.text.finishing.latex import LATEX, paired
from engine.text.finishing.lists import with_leader, with_next_number
from engine.text.syntax import errors_around, parser

MIN_REPEAT = 8
"""Shorter overlaps with the text around are as likely meant as repeated."""
MIN_LINE_REPEAT = 4
"""A whole beginning of the line that is said again may be shorter."""
SEPARATORS = {"json": ",", "c": ";,", "cpp": ";,", "java": ";,", "rust": ";,"}
"""What a line of a language may have to end with, so that the next one can follow."""
_LINE_CHARS = 400


def finish(answer: str, text: str, start: int, end: int, language: str | None = None) -> str:
    """``answer`` for ``text[start:end]``, ready to be put in its place."""
    if start < end:
        # What stands in the span counts for nothing: evaluations keep the truth there.
        text, end = text[:start] + text[end:], start
    line_before, line_after = _line_around(text, start, end)
    answer = trim_repeated_prefix(answer, line_before, text[max(0, start - 500) : start])
    answer = trim_repeated_suffix(answer, text[end : end + 500])
    answer = trim_indentation(answer, line_before)
    answer = trim_double_spaces(answer, text[max(0, start - 1) : start], text[end : end + 1])
    answer = with_tabs(answer, text, start, end)
    if language in PROSE:
        answer = with_next_number(answer, text, start)
    elif language in LATEX:
        answer = with_leader(answer, line_before)
    elif language is not None:
        answer = with_leader(with_depth(answer, text, start, end), line_before)
    if language is not None:
        answer = balance(answer, text, start, end, language, line_before, line_after)
    return with_line_ends(answer, text)


def trim_repeated_prefix(answer: str, line_before: str, before: str) -> str:
    """Drop from the beginning of ``answer`` what the text has just said: its line so far, or a
    longer run of text.

    Not where nothing but blanks would be left; so below.
    """
    said = line_before.lstrip()
    if (
        len(said.strip()) >= MIN_LINE_REPEAT
        and answer.startswith(said)
        and answer[len(said) :].strip()
    ):
        return answer[len(said) :]
    for size in range(min(len(answer) - 1, len(before)), MIN_REPEAT - 1, -1):
        if before.endswith(answer[:size]) and answer[:size].strip() and answer[size:].strip():
            return answer[size:]
    return answer


def trim_repeated_suffix(answer: str, after: str) -> str:
    """Drop from the end of ``answer`` what the text says again right after it."""
    for size in range(min(len(answer) - 1, len(after)), MIN_REPEAT - 1, -1):
        if answer.endswith(after[:size]) and after[:size].strip() and answer[:-size].strip():
            return answer[:-size]
    return answer


def trim_indentation(answer: str, line_before: str) -> str:
    """Where the line is indented already, the answer begins with its text."""
    inside = bool(line_before) and not line_before.strip()
    return answer.lstrip(" \t") if inside and answer.strip() else answer


def trim_double_spaces(answer: str, before: str, after: str) -> str:
    """One blank is enough where the answer meets the text; an answer of blanks alone stays as it
    is."""
    if not answer.strip():
        return answer
    if before == " ":
        answer = answer.lstrip(" ")
    return answer.rstrip(" ") if after == " " else answer


def balance(
    answer: str,
    text: str,
    start: int,
    end: int,
    language: str,
    line_before: str = "",
    line_after: str = "",
) -> str:
    """The form of ``answer``, with brackets closed or dropped at its end, that leaves the fewest
    syntax errors.

    Its own form wins a tie. Prose is left alone; code without a grammar is judged by the brackets
    of the line.
    """
    if language in LATEX:
        return paired(answer, text, start, end)
    forms = [
        *balanced_forms(answer, line_before, line_after),
        *_separated_forms(answer, line_after, language),
    ]
    if len(forms) == 1 or language in PROSE:
        return answer
    if parser(language) is not None:
        return min(forms, key=lambda form: errors_around(form, text, start, end, language))
    return min(forms, key=lambda form: disagreement(line_before + form + line_after))


def _separated_forms(answer: str, line_after: str, language: str) -> list[str]:
    """Forms with one separator more or fewer at the end of the line, where the language wants one
    or none."""
    bare = answer.rstrip()
    if language not in SEPARATORS or line_after.strip() or not bare:
        return []
    if bare[-1] in ",;":
        return [bare[:-1]] if bare[:-1].strip() else []
    return [bare + separator for separator in SEPARATORS[language]]


def with_line_ends(answer: str, text: str) -> str:
    """Use ``\\r\\n`` where the document does."""
    first = text.find("\n")
    if first > 0 and text[first - 1] == "\r":
        return answer.replace("\r\n", "\n").replace("\n", "\r\n")
    return answer


def _line_around(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands on the line before and after the span."""
    low = text.rfind("\n", max(0, start - _LINE_CHARS), start) + 1 or max(0, start - _LINE_CHARS)
    high = text.find("\n", end, end + _LINE_CHARS)
    return text[low:start], text[end : end + _LINE_CHARS if high < 0 else high].rstrip("\r")
