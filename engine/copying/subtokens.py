"""Text in parts that are compared: of identifiers, numbers, blanks, signs, and ends of lines by how
indentation changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.base.arrays import Bools, Ints
from engine.copying.span_context import SENTINEL

_LETTER = r"[^\W\d_A-Z]"
_PART = re.compile(rf"[A-Z]?{_LETTER}+|[A-Z]+(?!{_LETTER})|\d+|\n[ \t]*|[^\S\n]+|.")
"""Parts of identifiers, numbers, a line's end with the next one's indentation, blanks, and any
other character."""


@dataclass(frozen=True)
class Subtokens:
    """A text in parts, and what is compared of them."""

    texts: list[str]
    keys: list[str]
    """The texts, but for ends of lines: how the next one is indented from the one before, as depth
    tells nothing."""
    indents: list[str]
    """Indentation of the line of every part."""
    kinds: Ints
    """A number for every key, case aside."""
    words: Bools
    """Which parts may be exchanged."""

    def __add__(self, other: Subtokens) -> Subtokens:
        return Subtokens(
            self.texts + other.texts,
            self.keys + other.keys,
            self.indents + other.indents,
            np.concatenate((self.kinds, other.kinds)),
            np.concatenate((self.words, other.words)),
        )


@lru_cache(maxsize=8)
def split_subtokens(text: str, indent: str) -> Subtokens:
    """Parts of ``text``, whose first line is indented so. Kept for what stands behind the cursor,
    which stays the same."""
    texts = _PART.findall(text)
    keys, indents = list(texts), []
    for i, part in enumerate(texts):
        if part[0] == "\n" and not (i + 1 < len(texts) and texts[i + 1][0] == "\n"):
            keys[i], indent = "\n" + _deeper(indent, part[1:]), part[1:]
        indents.append(indent)
    kinds = np.fromiter((hash(key.lower()) for key in keys), np.int64, len(keys))
    return Subtokens(
        texts, keys, indents, kinds, np.fromiter(map(is_alphanumeric, texts), bool, len(texts))
    )


def _deeper(old: str, new: str) -> str:
    """How indentation changes."""
    if new.startswith(old):
        return ">" + new[len(old) :]
    return "<" + old[len(new) :] if old.startswith(new) else "|" + new


def reindented(part: str, there: str, own: str) -> str:
    """A line's end with the next one's indentation, from a line indented like ``there`` to one like
    ``own``; else a sentinel."""
    indent = part[1:]
    if not indent:
        return part
    if indent.startswith(there):
        return "\n" + own + indent[len(there) :]
    shallower = there[len(indent) :] if there.startswith(indent) else SENTINEL
    return "\n" + own[: len(own) - len(shallower)] if own.endswith(shallower) else SENTINEL


def is_blank(key: str) -> bool:
    return key[0].isspace()


def is_alphanumeric(part: str) -> bool:
    return part[0].isalnum()
