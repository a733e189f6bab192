"""What may follow in an answer that is written from the left, guessed without the model: the rest
of a likely answer, or what followed the same tokens elsewhere in the document.

A pass that computes one token has room for a few more at little cost. Guessed tokens are read in
the same pass, and those that the model would have written itself stay: the answer is that of one
token at a time, in fewer passes (speculative decoding, arXiv 2211.17192; looked up in the prompt as
in arXiv 2304.04487).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

LONGEST_GUESS = 7
"""Tokens: with the one before them a pass has eight, which cost about two."""
SHORTEST_MATCH, LONGEST_MATCH = 2, 6
"""Tokens before a place that have to be the same elsewhere, and how many are compared."""
NOTHING = -1
"""Stands between runs of text; no token has this id."""


class Guesses:
    """Guesses for one span."""

    def __init__(
        self, before: Sequence[int], runs: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> None:
        """``before`` is what stands before the span, ``runs`` are the texts that are searched, the
        likeliest last, ``answers`` are whole ones that are likely, the best first."""
        self._before = [NOTHING, *before[-LONGEST_MATCH:]]
        self._answers = answers
        self._text = [token for run in runs for token in (*run, NOTHING)]

    @cached_property
    def _found(self) -> dict[tuple[int, ...], list[int]]:
        """Tokens -> the places behind them; not needed where an answer is sampled."""
        found: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for at in range(SHORTEST_MATCH, len(self._text)):
            found[tuple(self._text[at - SHORTEST_MATCH : at])].append(at)
        return found

    def __call__(self, written: list[int]) -> list[int]:
        """Tokens that may follow ``written``; none where nothing is known."""
        for answer in self._answers:
            if len(answer) > len(written) and [*answer[: len(written)]] == written:
                return [*answer[len(written) :][:LONGEST_GUESS]]
        return self._looked_up(written)

    def _looked_up(self, written: list[int]) -> list[int]:
        """What followed the longest run of the same tokens, the last of several."""
        past = [*self._before, *written][-LONGEST_MATCH - 1 :]
        places = self._found.get(tuple(past[-SHORTEST_MATCH:]), ())
        if len(past) <= SHORTEST_MATCH or not places:
            return []
        at = max(
            places,
            key=lambda place: (
                _same(self._text[max(0, place - LONGEST_MATCH) : place], past),
                place,
            ),
        )
        guess = self._text[at : at + LONGEST_GUESS]
        return guess[: guess.index(NOTHING)] if NOTHING in guess else guess


def _same(text: list[int], past: list[int]) -> int:
    """How many of the last tokens of both are the same."""
    count = 0
    for left, right in zip(reversed(text), reversed(past), strict=False):
        if left != right or left == NOTHING:
            break
        count += 1
    return count


def no_guess(written: list[int]) -> list[int]:
    """One token at a time."""
    return []
