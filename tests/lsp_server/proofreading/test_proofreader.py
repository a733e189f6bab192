"""What is marked: words for which another one is far likelier, and never code, names or what is not
prose."""

import asyncio
from functools import partial

import pytest

from engine import FillResult, ScoredToken, ScoreResult, SpanResult
from lsp_server.proofreading.proofreader import MOST_NEW, Proofreader
from lsp_server.proofreading.prose import MOST_PARAGRAPH, paragraphs_of
from lsp_server.proofreading.words import WORD, Lexicon

WORDS = (
    "the letter receive received shop is are open and hello world friend form from please write "
    "there their name value"
).split()


class Reader:
    """Every letter costs two nats; of choices the last one that is in ``right`` is taken."""

    def __init__(self, *right, confidence=0.999):
        self.right, self.confidence, self.asked, self.chose = right, confidence, [], []

    def about(self):
        return {"model": "m"}

    async def token_texts(self):
        return [" " + word for word in WORDS]

    async def score(self, text):
        self.asked.append(text)
        tokens = [
            ScoredToken(start=i, end=i + 1, text=c, log_prob=-2.0) for i, c in enumerate(text)
        ]
        return ScoreResult(
            tokens=tuple(tokens), mean_surprise=2.0, nfe=1, model="m", backend="fake"
        )

    async def fill(self, request, interactive, on_draft=None):
        [span] = request.spans
        self.chose.append(span.choices)
        text = next((choice for choice in span.choices if choice in self.right), span.choices[0])
        answer = SpanResult(
            start=span.start, end=span.end, text=text, confidence=self.confidence, tokens=1
        )
        return FillResult(text="", spans=(answer,), nfe=1, ms=1.0, model="m", backend="b")


def marks(text, language="markdown", reader=None, surprise=3.0):
    reader = reader or Reader("received", "the", "world", "there")
    found, _ = asyncio.run(Proofreader(reader).marks(text, language, surprise))
    return [(text[mark.start : mark.end], mark.instead[0]) for mark in found]


def test_a_slip_is_marked_with_what_was_meant():
    assert marks("I recieved teh letter.") == [("recieved", "received"), ("teh", "the")]


def test_a_word_taken_for_another_needs_more_certainty():
    assert marks("We meet their.") == [("their", "there")]
    assert marks("We meet their.", reader=Reader("there", confidence=0.99)) == []
    assert marks("I recieved it.", reader=Reader("received", confidence=0.9)) == [
        ("recieved", "received")
    ]


def test_an_unusual_word_is_no_slip():
    """In British spelling or out of old books: the model must be as sure as for any word."""
    for typed, usual in (("unfavourable", "unfavorable"), ("receding", "preceding")):
        sure = Reader(usual, confidence=0.99)
        sure.token_texts = partial(_texts, usual)
        assert marks(f"It was {typed}.", reader=sure) == []
        assert (typed, usual) in sure.chose


async def _texts(*words):
    return [f" {word}" for word in words]


def test_a_word_that_the_model_expects_is_not_looked_at():
    reader = Reader("received")
    assert marks("I recieved it.", reader=reader, surprise=17.0) == [] and not reader.chose


HIDDEN = [
    "Use `teh` now.", "See https://teh.org/teh now.", "Write to teh@wrold.org today.",
    "Look at /usr/teh/wrold now.", "Run it with --teh now.",
    "```\nteh wrold\n```", "    teh wrold\n", "| teh | wrold |\n| --- | --- |\n| teh | wrold |",
    '<img alt="teh wrold">',
    "A [link](teh/wrold) now.", "The formula $teh$ holds.", "Mister Teh is open.",
    "We meet TEH at noon.", "It is teh2 or teh_wrold.", "Open teh.py now.",
    "A teh is a teh.", "---\nteh: wrold\n---\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN)
def test_code_addresses_tables_names_and_terms_are_never_marked(text):
    assert marks(text) == []


COMMIT = """Recieved teh letter

# Please enter teh commit message
# On branch teh
Signed-off-by: Teh Wrold <a@b.c>
# ------------------------ >8 ------------------------
teh wrold
diff --git a/teh b/teh
-teh
+wrold
"""


def test_of_a_commit_message_only_the_writers_own_words_are_read():
    assert marks("I recieved teh letter\n" + COMMIT.split("\n", 1)[1], "gitcommit") == [
        ("recieved", "received"),
        ("teh", "the"),
    ]


@pytest.mark.parametrize("language", ["python", "json", "rust", "unknown"])
def test_programs_are_not_read(language):
    assert marks("# I recieved teh letter", language) == []


@pytest.mark.parametrize(
    "text",
    [
        "a | recieved | teh\n",
        "recieved    teh    letter\n",
        "\trecieved teh\n",
        "x" * 3000 + " teh\n",
    ],
)
def test_tables_and_data_in_plain_text_are_not_read(text):
    assert marks(text, "plaintext") == []


def test_offsets_hold_behind_characters_of_any_size():
    text = "# Überschrift 😀\n\nÄh, 😀 I *recieved* `é` teh letter.\n"
    assert marks(text) == [("recieved", "received"), ("teh", "the")]


def test_only_paragraphs_that_changed_are_judged_again():
    reader = Reader("received")
    proofreader = Proofreader(reader)
    text = "I recieved it.\n\nHello world.\n\nMy freind."
    asyncio.run(proofreader.marks(text, "plaintext", 3.0))
    asked = len(reader.asked)
    changed = "Hello there.\n\n" + text.replace("Hello world", "Hello wrold")
    found, whole = asyncio.run(proofreader.marks(changed, "plaintext", 3.0))
    assert (
        whole
        and len(reader.asked) == asked + 2
        and changed[found[0].start : found[0].end] == "recieved"
    )


def test_a_long_document_is_judged_in_parts_that_cover_it():
    text = "".join(
        f"paragraph {'abcdefghijklmnopqrstuvwxyzabcdef'[n]}teh " + "form " * 50 + "\n\n"
        for n in range(MOST_NEW + 5)
    )
    text += "from the " * MOST_PARAGRAPH
    parts = paragraphs_of(
        text.replace("from the " * MOST_PARAGRAPH, ("from the " * 200 + "\n") * 5), "plaintext"
    )
    assert all(len(part.text) <= MOST_PARAGRAPH for part in parts)
    reader = Reader()
    proofreader = Proofreader(reader)
    assert not asyncio.run(proofreader.marks(text, "plaintext", 3.0))[1]
    assert asyncio.run(proofreader.marks(text, "plaintext", 3.0))[1]


def test_forms_of_known_words_are_words_and_beginnings_of_words_no_replacement():
    lexicon = Lexicon(
        frozenset({"heat", "hearing", "stead", "stop", "carry", "make", "walk", "walks"})
    )
    assert all(map(lexicon.knows, ("heating", "steady", "stopped", "carries", "making")))
    assert not lexicon.knows("recieve") and not lexicon.knows("teh")
    assert lexicon.near("steady") == lexicon.near("walks") == [] and lexicon.near("wlaks") == [
        "walks"
    ]


def test_near_words_are_one_slip_away_and_keep_their_capital():
    lexicon = Lexicon.of_tokens(
        [" " + word for word in WORDS] + ["form", " X", " Name"], frozenset()
    )
    assert lexicon.near("recieve") == ["receive"] and lexicon.near("Teh") == ["The"]
    assert "from" in lexicon.near("form") and "form" not in lexicon.near("form")
    assert lexicon.near("zzzzzz") == []


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "don't" * 40_000,
        "a.b" * 60_000,
        "`" * 200_000,
        "<" * 200_000,
        "a@" * 100_000,
        "$a" * 100_000,
    ],
)
def test_no_text_makes_reading_slow(text):
    assert paragraphs_of(text[:1900], "plaintext") is not None and len(WORD.findall(text)) >= 0
    assert paragraphs_of(text, "plaintext") == ()  # one line that is data
