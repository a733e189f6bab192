"""Where an answer ends for a client: its stop strings, and the indentation below which it wants no
line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Stopped(NamedTuple):
    text: str
    word: str = ""
    """The stop string that was met."""


def cut_at_stop(text: str, stop: Sequence[str]) -> Stopped:
    """``text`` up to the first of the ``stop`` strings."""
    met = [(at, -len(word), word) for word in stop if word and (at := text.find(word)) >= 0]
    if not met:
        return Stopped(text)
    at, _, word = min(met)
    return Stopped(text[:at], word)


def may_begin_stop(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end of ``text`` may be the beginning of a stop string."""
    longest = max((len(word) for word in stop), default=0) - 1
    sizes = range(min(longest, len(text)), 0, -1)
    return next((size for size in sizes if any(word.startswith(text[-size:]) for word in stop)), 0)


def cut_at_indentation(text: str, least: int) -> str:
    """``text`` up to the first further line that is indented less than ``least`` blanks (a tab
    counts as one, as there)."""
    if least <= 0:
        return text
    first, *rest = text.split("\n")
    kept = [first]
    for line in rest:
        bare = line.lstrip(" \t")
        if bare.strip() and len(line) - len(bare) < least:
            break
        kept.append(line)
    return "\n".join(kept)
