"""Regular expressions of a tokenizer from anywhere: is one of them made to take for ever?

A pattern is refused where a repeated group repeats or chooses inside, where many repetitions follow
each other, or where it refers back to what it matched: those are the ways to exponential time and
to high powers of the length. The published patterns (GPT-2, GPT-4, Llama 3, Qwen, DeepSeek) have
none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from engine.base.errors import CheckpointError

LONGEST, MOST_REPETITIONS, MANY = 4_096, 4, 32
"""Characters of a pattern; endless repetitions of one alternative; a bounded repetition counts as
endless beyond this."""
LONGEST_REPLACEMENT = 64
"""Characters that a normaliser may put in the place of a match."""
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_BACK = re.compile(r"\\[1-9gk]|\(\?(?:[R&0-9P>]|\()")


def check_patterns(part: Any) -> None:
    """``CheckpointError`` where a part of a tokenizer (normaliser, pre-tokenizer, decoder) holds
    such a pattern."""
    if part is None:
        return
    state = json.loads(part.__getstate__())
    for entry in _objects(state):
        pattern = entry.get("Regex")
        if isinstance(pattern, str) and (why := trouble(pattern)):
            raise CheckpointError(
                f"A pattern of this tokenizer {why}, so a text could stop everything; use another "
                "model."
            )
        replacement = entry.get("content")
        if isinstance(replacement, str) and len(replacement) > LONGEST_REPLACEMENT:
            raise CheckpointError(
                "A rule of this tokenizer makes texts many times as long; use another model."
            )


def trouble(pattern: str) -> str:
    """Why a pattern may take very long, or nothing."""
    if len(pattern) > LONGEST:
        return "is too long"
    if _BACK.search(pattern):
        return "refers back to what it matched"
    # Of each open group: does it repeat or choose inside, and how many endless repetitions has this
    # alternative?
    groups: list[list[int]] = [[0, 0]]
    at, inside = 0, [0, 0]
    closed = False
    while at < len(pattern):
        character, step, closes = pattern[at], 1, False
        endless = False
        if character == "\\":
            step = 2
        elif character == "[":
            step = _class_length(pattern, at)
        elif character == "(":
            groups.append([0, 0])
        elif character == ")" and len(groups) > 1:
            inside, closes = groups.pop(), True
            groups[-1][1] += inside[1]
            groups[-1][0] = groups[-1][0] or inside[0]
        elif character == "|":
            groups[-1] = [1, 0]
        elif character in "*+":
            endless = True
        elif character == "{" and (found := _COUNT.match(pattern, at)):
            step = found.end() - at
            most = found[3] if found[2] else found[1]
            endless = not most or int(most[:9]) > MANY
        if endless:
            if closed and (inside[0] or inside[1]):
                return "repeats what repeats or chooses"
            groups[-1][1] += 1
        if groups[-1][1] > MOST_REPETITIONS:
            return "repeats too often"
        # ``(a+)?+`` and ``(a+){2}*`` repeat the group too.
        closed = closes or (closed and (endless or character in "?{"))
        at += step
    return ""


def _class_length(pattern: str, at: int) -> int:
    """Characters of the class that begins at ``at``, nested classes included."""
    depth, end = 0, at
    while end < len(pattern):
        if pattern[end] == "\\":
            end += 2
            continue
        depth += (pattern[end] == "[") - (pattern[end] == "]")
        end += 1
        if depth == 0:
            break
    return end - at


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
