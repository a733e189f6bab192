"""How a document indents, and how deep an answer has to stand."""

from __future__ import annotations

import re
from collections import Counter

_INDENT = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
NEAR = 4_000


def step_of(text: str) -> str:
    """One step of indentation: a tab, or as many blanks as lines are most often deeper than the one above; four without a sign."""
    near = text[-2 * NEAR :]
    indents = _INDENT.findall(near)
    if indents and sum(indent[0] == "\t" for indent in indents) * 2 > len(indents):
        return "\t"
    steps: Counter[int] = Counter()
    depth = 0
    for line in near.split("\n"):
        if line.strip():
            own = len(line) - len(line.lstrip(" "))
            if own > depth:
                steps[own - depth] += 1
            depth = own
    return " " * (steps.most_common(1)[0][0] if steps else 4)
