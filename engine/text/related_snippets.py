"""Related text in front of the window: pieces of other files that share rare names with the text
around the spans.

Files are cut into overlapping runs of lines; a run scores by the names that it shares with that
text, rare names counting more (inverse document frequency over all runs). This finds definitions,
imports and earlier uses without parsing any language. A snippet is shown as the path of its file,
its lines and the end-of-text token, in training and use."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.request.messages import Snippet

Encode = Callable[[str], list[int]]

RUN_LINES = 8
"""Lines of a run; the next one begins half a run later."""
MAX_CHARS = 60_000
"""No more of one file is looked at."""
_NAME = re.compile(r"[^\W\d]\w{2,}")


def best_runs(files: Sequence[Snippet], around: str) -> Iterator[Snippet]:
    """Runs of lines of ``files`` that share names with ``around``, the best first, none overlapping
    another."""
    runs = [(file, start, run) for file in files for start, run in _runs(file.text[:MAX_CHARS])]
    names = [set(_NAME.findall(run)) for _, _, run in runs]
    frequency = Counter(name for found in names for name in found)
    wanted = set(_NAME.findall(around))
    scores = [
        sum(math.log((1 + len(runs)) / frequency[n]) for n in sorted(found & wanted))
        for found in names
    ]
    taken: set[tuple[int, int]] = set()
    for score, i in sorted(((score, -i) for i, score in enumerate(scores)), reverse=True):
        file, start, run = runs[-i]
        piece = (id(file), start)
        beside = {(id(file), start - RUN_LINES // 2), (id(file), start + RUN_LINES // 2)}
        if score > 0 and not beside & taken:
            taken.add(piece)
            yield Snippet(path=file.path, text=run)


def related_ids(
    files: Sequence[Snippet], around: str, encode: Encode, budget: int, end_id: int
) -> list[int]:
    """The ids of ``related_snippets`` in one row, each snippet followed by ``end_id``."""
    return [i for ids in related_snippets(files, around, encode, budget) for i in (*ids, end_id)]


def related_snippets(
    files: Sequence[Snippet], around: str, encode: Encode, budget: int
) -> list[list[int]]:
    """Token ids of the best snippets, the best one last, nearest to the text that follows.

    Together they have at most ``budget`` tokens, one more counted for each. A snippet is its file's
    path and its lines; the best one is cut short where it is too long.
    """
    parts: list[list[int]] = []
    left = budget
    for snippet in best_runs(files, around) if budget > 1 else ():
        ids = encode(f"{snippet.path}\n{snippet.text}")
        if len(ids) >= left and parts:
            break
        parts.append(ids[: left - 1])
        left -= len(parts[-1]) + 1
        if left <= 1:
            break
    return parts[::-1]


def _runs(text: str) -> Iterable[tuple[int, str]]:
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    for start in range(0, max(1, len(lines) - RUN_LINES // 2), RUN_LINES // 2):
        run = "".join(lines[start : start + RUN_LINES])
        if run.strip():
            yield start, run if run.endswith("\n") else run + "\n"
