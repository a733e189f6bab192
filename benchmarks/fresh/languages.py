"""Which files of a language are worth asking about: the filters of the training text."""

from __future__ import annotations

import json

from training.data.clean import keep_python, keep_text

SUFFIXES = {
    "python": (".py",),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "go": (".go",),
    "rust": (".rs",),
    "c": (".c", ".h"),
    "json": (".json",),
}


FEWEST_LINES = 8
"""Of a JSON file that a person reads."""


def keep(language: str, path: str, text: str) -> bool:
    """True when a file passes the path and content filters of its language."""
    if language == "python":
        return keep_python(path, text)
    if not keep_text(path, text):
        return False
    return language != "json" or _is_json(text)


def _is_json(text: str) -> bool:
    """True for JSON over several lines; one line is a machine's."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return text.count("\n") >= FEWEST_LINES
