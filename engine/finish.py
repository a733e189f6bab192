"""Make an answer fit its place: line ends of the document, no repetition of what stands after it.

Pure text functions; the model proposes, this keeps the document whole.
"""

from __future__ import annotations

MIN_REPEAT = 8
"""Shorter overlaps with the suffix are as likely meant as repeated."""


def finish(answer: str, text: str, start: int, end: int) -> str:
    """``answer`` for ``text[start:end]``, ready to be put in its place."""
    answer = trim_repeated_suffix(answer, text[end : end + 500])
    answer = trim_double_spaces(answer, text[max(0, start - 1) : start], text[end : end + 1])
    return with_line_ends(answer, text)


def trim_double_spaces(answer: str, before: str, after: str) -> str:
    """One blank is enough where the answer meets the text; an answer of blanks alone stays as it is."""
    if not answer.strip():
        return answer
    if before == " ":
        answer = answer.lstrip(" ")
    return answer.rstrip(" ") if after == " " else answer


def trim_repeated_suffix(answer: str, after: str) -> str:
    """Drop from the end of ``answer`` what the text says again right after it."""
    for size in range(min(len(answer) - 1, len(after)), MIN_REPEAT - 1, -1):
        if answer.endswith(after[:size]) and after[:size].strip():
            return answer[:-size]
    return answer


def with_line_ends(answer: str, text: str) -> str:
    """Use ``\\r\\n`` where the document does."""
    first = text.find("\n")
    if first > 0 and text[first - 1] == "\r":
        return answer.replace("\r\n", "\n").replace("\n", "\r\n")
    return answer
