"""Which words are marked, and what a second look costs."""

import asyncio

from engine import ScoredToken, ScoreResult
from lsp_server.proofreading.proofreader import MOST_CHARS, MOST_NEW, OddWord, Proofreader, paragraphs, words_of


class Scorer:
    """Every token costs a nat for each of its characters."""

    def __init__(self):
        self.asked = []

    async def score(self, text):
        self.asked.append(text)
        tokens = [ScoredToken(start=i, end=i + 1, text=c, log_prob=-1.0) for i, c in enumerate(text)]
        return ScoreResult(tokens=tuple(tokens), mean_surprise=1.0, nfe=1, model="m", backend="fake")


def test_a_words_surprise_is_that_of_its_tokens_and_numbers_have_none():
    text = "an apple, 1234567"
    result = asyncio.run(Scorer().score(text))
    assert words_of(text, result) == (OddWord(0, 2, 2.0), OddWord(3, 8, 5.0))


def test_only_paragraphs_that_changed_are_judged_again():
    scorer = Scorer()
    reader = Proofreader(scorer)
    text = "one two\nthree\n\n  wonderful four\n\nfive"
    odd, whole = asyncio.run(reader.odd_words(text, 6.0))
    assert whole and [text[w.start : w.end] for w in odd] == ["wonderful"] and len(scorer.asked) == 3
    changed = "zero\n\n" + text.replace("four", "seventeen")
    odd, _ = asyncio.run(reader.odd_words(changed, 6.0))
    assert [changed[w.start : w.end] for w in odd] == ["wonderful", "seventeen"] and len(scorer.asked) == 5


def test_a_long_document_is_judged_in_parts_that_cover_it():
    text = "".join(f"paragraph {n} " + "word " * 50 + "\n\n" for n in range(MOST_NEW + 5)) + "x" * (3 * MOST_CHARS)
    parts = paragraphs(text)
    assert all(text[at : at + len(part)] == part and len(part) <= MOST_CHARS for at, part in parts)
    assert "".join(part for _, part in parts).split() == text.split() or sum(len(p) for _, p in parts) >= len(text.split())
    scorer = Scorer()
    reader = Proofreader(scorer)
    assert not asyncio.run(reader.odd_words(text, 100.0))[1] and len(scorer.asked) == MOST_NEW
    assert asyncio.run(reader.odd_words(text, 100.0))[1]
