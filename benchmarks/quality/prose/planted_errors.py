"""Errors at known offsets, planted into correct prose with one seed: slips of spelling, agreement,
and words that are taken for each other.

Every error is a word exchanged for another string, so what a proofreader should say is known. The
words of the three kinds are lists of their own and not those of the proofreader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

SPELLING, AGREEMENT, WRONG_WORD = "spelling", "agreement", "wrong word"
KINDS = (SPELLING, AGREEMENT, WRONG_WORD)
SHORTEST = 4
"""Letters of a word that is misspelt: slips in shorter ones are other words more often than not."""
APART = 400
"""Characters between two errors of a text, so that one does not explain the other."""
AGREES = {
    "is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has",
    "does": "do", "do": "does", "makes": "make", "make": "makes", "takes": "take", "take": "takes",
    "gives": "give", "give": "gives", "comes": "come", "come": "comes", "needs": "need",
    "need": "needs", "uses": "use", "use": "uses", "this": "these", "these": "this",
}  # fmt: skip
TAKEN_FOR = {
    "their": "there", "there": "their", "its": "it's", "your": "you're", "then": "than",
    "than": "then", "too": "to", "lose": "loose", "whose": "who's", "of": "off", "here": "hear",
    "know": "no", "knew": "new", "quite": "quiet", "quiet": "quite", "whether": "weather",
    "where": "were", "which": "witch", "piece": "peace", "through": "threw", "past": "passed",
    "passed": "past", "accept": "except", "except": "accept", "effect": "affect", "write": "right",
    "right": "write", "by": "buy", "for": "four",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w`'’/.@-])[a-z]+(?![\w`'’/@-]|\.\w)")
_NEIGHBOURS = {
    letter: row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for i, letter in enumerate(row)
}
"""Letters beside a letter on a keyboard."""


@dataclass(frozen=True)
class Planted:
    """``text[start:end]`` is wrong; ``meant`` stood there."""

    text: str
    start: int
    end: int
    meant: str
    kind: str


def plant(texts: Sequence[str], count: int, seed: int = 0) -> list[Planted]:
    """``count`` errors, a third of each kind, one in a text of its own copy; texts are used again
    at other offsets where there are few. Fewer come back where the texts have no room for more."""
    rng = np.random.default_rng(seed)
    found: list[Planted] = []
    used: dict[int, list[int]] = {}
    for number in range(count * len(KINDS) if texts else 0):
        if len(found) == count:
            break
        kind = KINDS[len(found) % len(KINDS)]
        which = int(rng.integers(len(texts))) if number >= len(texts) else number
        taken = used.setdefault(which, [])
        error = _one(texts[which], kind, taken, rng)
        if error is not None:
            taken.append(error.start)
            found.append(error)
    return found


def misspelt(word: str, rng: np.random.Generator) -> str:
    """``word`` with one slip: a letter left out, doubled, exchanged with the next, or replaced by
    one beside it on the keyboard. The first letter stays, as in most slips."""
    ways: tuple[Callable[[str, int], str], ...] = (
        lambda w, i: w[:i] + w[i + 1 :],
        lambda w, i: w[:i] + w[i] + w[i:],
        lambda w, i: w[:i] + w[i + 1] + w[i] + w[i + 2 :],
        lambda w, i: w[:i] + _NEIGHBOURS[w[i]][0] + w[i + 1 :],
    )
    while True:
        at = int(rng.integers(1, len(word) - 1))
        slip = ways[int(rng.integers(len(ways)))](word, at)
        if slip != word:
            return slip


def _one(text: str, kind: str, taken: Sequence[int], rng: np.random.Generator) -> Planted | None:
    """An error of ``kind`` at a random offset that is far from those that are taken."""
    words = [m for m in _WORD.finditer(text) if all(abs(m.start() - at) >= APART for at in taken)]
    possible = list(_possible(words, kind))
    if not possible:
        return None
    match = possible[int(rng.integers(len(possible)))]
    meant = match[0]
    wrong = misspelt(meant, rng) if kind == SPELLING else (AGREES | TAKEN_FOR)[meant]
    start = match.start()
    changed = text[:start] + wrong + text[match.end() :]
    return Planted(changed, start, start + len(wrong), meant, kind)


def _possible(words: Sequence[re.Match[str]], kind: str) -> Iterator[re.Match[str]]:
    table = AGREES if kind == AGREEMENT else TAKEN_FOR
    for match in words:
        if len(match[0]) >= SHORTEST if kind == SPELLING else match[0] in table:
            yield match
