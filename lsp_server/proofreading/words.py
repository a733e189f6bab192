"""Words that may be wrong, and the words that they may have been meant to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lsp_server.proofreading.prose import Paragraph

WORD = re.compile(r"(?<![\w'’.@/\\-])[^\W\d_]+(?:['’][^\W\d_]+)?(?![\w@/\\-]|['’]\w|\.\w)")
"""A word of letters that is not a part of something else: no digits, underscores, dots or slashes
beside it."""
LONGEST = 24
"""Letters; nobody misspells a longer word in a way that can be guessed."""
MOST_CANDIDATES = 8
ENDINGS = tuple(
    "s es d ed ing r er ers est y ly ity ness ful less ment ments able ible ion ions al "
    "ally ist ists".split()
)
CONFUSED = (
    "is are was were be been", "has have had", "do does did done", "a an the",
    "their there they're", "its it's", "your you're",
    "then than", "to too two", "affect effect", "lose loose", "whose who's",
    "this these that those", "he his him", "she her",
    "we us our", "they them", "of off", "by buy", "here hear", "no know", "new knew",
    "right write", "accept except",
    "advice advise", "quiet quite", "weather whether", "were where", "which witch", "for four",
    "in on at", "much many",
    "less fewer", "go goes went", "say says said", "come comes came", "make makes made",
    "take takes took", "see sees saw",
    "good well", "piece peace", "principal principle", "threw through", "past passed",
)  # fmt: skip
"""Words that are taken for each other though their spelling differs by more than a slip."""
_SETS = {
    word: tuple(other for other in group.split() if other != word)
    for group in CONFUSED
    for word in group.split()
}


@dataclass(frozen=True)
class Lexicon:
    """What is a word."""

    words: frozenset[str]
    """Those that a replacement may be: the model has a token of its own for them, so they are
    usual."""
    unusual: frozenset[str] = frozenset()
    """Others that are no slip either."""

    @classmethod
    def of_tokens(cls, tokens: Iterable[str], unusual: frozenset[str]) -> Lexicon:
        """From the texts of a vocabulary's tokens: a token with a blank in front of it begins a
        word."""
        usual = frozenset(
            t[1:]
            for t in tokens
            if t[:1] == " " and len(t) > 2 and t[1:].isalpha() and t[1:].islower()
        )
        return cls(usual, unusual)

    def knows(self, word: str) -> bool:
        """True for these words and what is formed from the usual ones by a usual ending: no list
        has every form."""
        lower = word.lower()
        if lower in self.words or lower in _SETS or lower in self.unusual:
            return True
        for ending in ENDINGS:
            stem = lower.removesuffix(ending)
            if stem != lower and len(stem) > 2:
                doubled = stem[:-1] if stem[-1] == stem[-2] else stem
                if {
                    stem,
                    stem + "e",
                    doubled,
                    stem[:-1] + "y" if stem[-1] == "i" else stem,
                } & self.words:
                    return True
        return False

    @cached_property
    def _by_deletion(self) -> dict[str, list[str]]:
        """A word, and the word without one of its letters -> the words that it may come from."""
        found: dict[str, list[str]] = {}
        for word in sorted(self.words):
            for shorter in {word, *_without_a_letter(word)}:
                found.setdefault(shorter, []).append(word)
        return found

    def near(self, word: str) -> list[str]:
        """Words one slip away (a letter too many, missing, wrong, or two exchanged), and those
        taken for it; the likeliest slips first."""
        lower = word.lower()
        shorter = {lower, *_without_a_letter(lower)} if len(lower) <= LONGEST else set()
        close = {
            other
            for part in shorter
            for other in self._by_deletion.get(part, ())
            if _one_slip(lower, other)
        }
        if self.knows(lower):
            # A vocabulary holds beginnings of words too ("stead"), and choosing between a word and
            # its own beginning ("yours", "your") the model takes the beginning.
            close = {
                other for other in close if not (lower.startswith(other) or other.startswith(lower))
            }
        ranked = sorted(close, key=lambda other: (_cost(lower, other), other))
        found = dict.fromkeys([*_SETS.get(lower, ()), *ranked])
        found.pop(lower, None)
        return [_cased(other, word) for other in found][:MOST_CANDIDATES]


@dataclass(frozen=True)
class Suspect:
    """A word of a paragraph that might be marked; offsets are the paragraph's."""

    start: int
    end: int
    word: str
    known: bool
    """It is a word: another one must be far likelier."""
    instead: tuple[str, ...] = field(default=())


def suspects(paragraph: Paragraph, lexicon: Lexicon, counts: Counter[str]) -> Iterator[Suspect]:
    """Words that can be judged. Names, abbreviations and what the document says again and again are
    left alone.

    ``counts``: how often the document holds every word, in lower case.
    """
    for match in WORD.finditer(paragraph.text):
        word = match[0]
        lower = word.lower()
        if len(word) < 2 or len(word) > LONGEST or not paragraph.shows(*match.span()):
            continue
        if word[1:] != word[1:].lower():
            continue
        known = lexicon.knows(word)
        if word[0].isupper() and not (_begins_sentence(paragraph.text, match.start()) and known):
            continue  # a name, or a word that begins a sentence and is perhaps one
        if not known and counts[lower] > 1:
            continue  # a term of the writer's
        instead = lexicon.near(word)
        if instead:
            yield Suspect(match.start(), match.end(), word, known, tuple(instead))


def _begins_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \t\"'“‘(*_")
    return not before or before[-1] in ".!?:\n"


def _without_a_letter(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))} if len(word) > 1 else set()


def _one_slip(typed: str, meant: str) -> bool:
    """Damerau and Levenshtein's distance is 1."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    first = next(
        (i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b),
        min(len(typed), len(meant)),
    )
    left, right = typed[first:], meant[first:]
    if len(typed) == len(meant):
        return left[1:] == right[1:] or (left[2:] == right[2:] and left[:2] == right[1::-1])
    return left[1:] == right if len(left) > len(right) else left == right[1:]


def _cost(typed: str, meant: str) -> int:
    """Exchanged or doubled letters are the usual slips, and the first letter is seldom wrong."""
    usual = sorted(typed) == sorted(meant) or len(typed) != len(meant)
    return (typed[:1] != meant[:1]) * 2 + (not usual)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word
