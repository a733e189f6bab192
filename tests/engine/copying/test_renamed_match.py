"""Analogies: what stood in text of the same shape, with the words exchanged that differ
there."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.copying.ranking import FEATURES, candidates, copies, log_shares
from engine.copying.renamed_match import renamed_matches
from engine.copying.span_context import LONGEST_COPY, SENTINEL, SpanContext


def found(text, single_line=True, others=()):
    """Candidates at the mark ``|``, the best first."""
    at = text.index("|")
    context = SpanContext.of(text.replace("|", ""), at, at, others=others, single_line=single_line)
    return list(renamed_matches(context))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("self.width = width\nself.height = |\nself.depth = 3\n", "height"),
        ("self.width = width\nself.height = hei|\nself.depth = 3\n", "ght"),
        (
            "def get_width(self):\n    return self._width\n\ndef get_height(self):\n    return "
            "|\n\n",
            "self._height",
        ),
        ("MAX_WIDTH = max(width, 1)\nMAX_HEIGHT = |\n\n", "max(height, 1)"),
        ("class WidthBox(Width):\n    pass\nclass HeightBox(|:\n    pass\n", "Height)"),
        ("a1 = read(b1)\na2 = read(|)\n", "b2"),
        ("for x in xs:\n    show(x)\nfor y in |:\n    show(y)\n", "xs"),
    ],
)
def test_words_are_exchanged_as_the_texts_differ(text, answer):
    assert answer in found(text)[:3]


def test_what_follows_tells_which_word_is_exchanged():
    text = "print(first.name, first.age)\nprint(|, second.age)\n"
    assert found(text)[0] == "second.name"


def test_a_word_is_exchanged_in_the_case_in_which_it_stands():
    text = "width = Width(WIDTH, width)\nheight = |\n\n"
    assert found(text)[0] == "Height(HEIGHT, height)"


@pytest.mark.parametrize("indent", ["    ", "\t"])
def test_texts_at_another_depth_are_alike_and_lines_move_to_that_of_the_span(indent):
    text = "if a:\n\topen(a)\n\tread(a)\nfor b in c:\n\tif b:\n\t\topen(b)\n\t\t|\n"
    assert found(text.replace("\t", indent))[0] == "read(b)"
    text = "if a:\n\tif one(a):\n\t\ttwo(a)\n\tend(a)\nfor b in c:\n\tif b:\n\t\tif one(b):|\n\t\tend(b)\n"
    assert found(text.replace("\t", indent), single_line=False)[0] == "\n" + 3 * indent + "two(b)"


def test_several_lines_follow_an_analogy_too():
    text = "def on_open(self):\n    log(1)\n    self.open()\n\ndef on_close(self):\n    |\n\n"
    assert "log(1)\n    self.close()" in found(text, single_line=False)
    assert all("\n" not in answer for answer in found(text))


def test_what_other_blanks_hide_is_neither_compared_nor_copied():
    text = "a = call(____)\nb = call(____)\nc = call(____)\n"
    blanks = [i for i in range(len(text)) if text.startswith("____", i)]
    others = [(blank, blank + 4) for blank in blanks[1:]]
    context = SpanContext.of(text, blanks[0], blanks[0] + 4, others=others)
    assert all("_" not in answer and SENTINEL not in answer for answer in renamed_matches(context))


def test_no_search_crosses_an_empty_blank():
    text, at = "a = call(1)\nb = call()\nc = call()\n", 21
    context = SpanContext.of(text, at, at, others=[(32, 32)])
    assert context.after.split(SENTINEL) == [")\nc = call(", ")\n"] and context.before == text[:at]
    assert SpanContext.of(text, 32, 32, others=[(at, at)]).before.split(SENTINEL) == [
        text[:at],
        text[at:32],
    ]


def test_what_stands_elsewhere_in_prose_is_less_certain_than_in_code():
    text = "The old man saw the sea. The sea was calm, and the man was tired.\nHe had rowed all day and the boat leaked.\n"

    def certainty(language):
        words = [match.span() for match in re.finditer(r"\w{3,}", text)]
        found = [copies(SpanContext.of(text, *word, language=language)) for word in words]
        return sum(best[0].probability for best in found if best)

    assert certainty("plaintext") < 0.8 * certainty("python") == 0.8 * certainty("markdown")


def test_words_that_the_document_knows_are_told_from_new_ones():
    text = "max_width = min_width\nmax_height = \n\n"
    known = FEATURES.index("known_words")
    for before, expected in (("", 0.0), ("min_height = 1\n", 1.0)):
        at = len(before) + text.index("\n\n")
        rated = dict(candidates(SpanContext.of(before + text, at, at)))
        assert rated["min_height"][known] == expected


def test_shares_are_those_of_one_choice_among_all_and_none():
    scores = np.array([1.0, -2.0, 0.5])
    raised = np.exp(scores)
    assert np.exp(log_shares(scores)) == pytest.approx(raised / (1 + raised.sum()))
    assert np.isfinite(log_shares(np.array([-800.0, 900.0]))).all()


@settings(deadline=None)
@given(st.text(alphabet="aB1_ \n(\t=\u00e4\0", max_size=120), st.integers(0, 120), st.booleans())
def test_an_answer_is_never_blank_nor_crosses_a_wall_and_a_line_stays_a_line(text, at, single_line):
    at = min(at, len(text))
    for answer in renamed_matches(SpanContext.of(text, at, at, single_line=single_line)):
        assert answer.strip() and SENTINEL not in answer
        assert not single_line or ("\n" not in answer and len(answer) <= LONGEST_COPY)
