"""Where a line begins, and what stands on it before an offset."""

from __future__ import annotations


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def line_before(text: str, at: int) -> str:
    return text[line_start(text, at) : at]
