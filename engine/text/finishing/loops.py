"""Does a text say the same again and again? Runs of an n-gram, judged by what the document itself
repeats."""

from __future__ import annotations

import re
from collections import Counter

LONGEST = 8
"""Tokens of an n-gram."""
OFTEN = 5
"""So often a word may not stand in one answer when it is half of it."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PLAIN = re.compile(r"\d+|[^\w\s]")
"""Numbers and marks: more of them in a row are usual."""
_STUTTER = re.compile(r"(?i)([^\W\d_]{2,}?)\1{2,}|\b([^\W\d_]{4,})\2\b")
"""The same piece three times inside a word, or a long word twice."""
_REPETITIVE = frozenset({"ha", "la", "na"})


def loops(text: str, at: int, document: str) -> bool:
    """True when ``text`` from ``at`` on repeats something oftener in a row than anything in
    ``document`` is repeated."""
    tokens = [(m.group(), m.end()) for m in _TOKEN.finditer(text)]
    words = [token for token, _ in tokens]
    for size in range(1, LONGEST + 1):
        for first in range(len(words) - size):
            gram = words[first : first + size]
            times = 1
            while words[first + times * size : first + (times + 1) * size] == gram:
                times += 1
            ends_in_answer = tokens[first + times * size - 1][1] > at
            if ends_in_answer and times > _allowed(gram) and times > _in_document(gram, document):
                return True
    if any(
        m.group(1) not in _REPETITIVE and m.group() not in document
        for m in _STUTTER.finditer(text)
        if m.end() > at
    ):
        return True
    own = [m.group() for m in re.finditer(r"\w+", text[at:])]
    [(word, count)] = Counter(own).most_common(1) or [("", 0)]
    return (
        count >= OFTEN
        and 2 * count >= len(own)
        and not word.isdigit()
        and count > document.count(word)
    )


def _allowed(gram: list[str]) -> int:
    """How often in a row something may stand that the document does not repeat."""
    if all(_PLAIN.fullmatch(token) for token in gram):
        return 4 if len(gram) == 1 else 3
    words = {token for token in gram if token[0].isalnum()}
    return 1 if len(gram) == 1 or len(words) > 1 else 2


def _in_document(gram: list[str], document: str) -> int:
    """The longest run of ``gram`` in ``document``."""
    pattern = r"\s*".join(re.escape(token) for token in gram)
    begins, ends = gram[0][0].isalnum(), gram[-1][-1].isalnum()
    gap = r"\s+" if begins and ends else r"\s*"
    before, after = r"(?<!\w)" if begins else "", r"(?!\w)" if ends else ""
    run = re.compile(rf"{before}{pattern}(?:{gap}{pattern})*{after}")
    one = len("".join(gram))
    longest = max(
        (len("".join(m.group().split())) for m in run.finditer(document[:100_000])), default=0
    )
    return longest // one
