"""Answers are made to fit their place. Every rule is a readable file in ``postprocess/``.

A file holds a text with a cursor, an answer and the result.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.finishing.brackets import balanced_forms, imbalance, leaves_brackets
from engine.text.finishing.postprocess import finish, trim_double_spaces, trim_repeated_suffix

CURSOR = "\u2038"
RULES = sorted((Path(__file__).parent / "postprocess").glob("*.txt"))


@pytest.mark.parametrize("path", RULES, ids=[path.stem for path in RULES])
def test_a_rule_does_what_its_file_shows(path):
    head, text, answer, finished = (part.removesuffix("\n") for part in _parts(path))
    options = dict(line.split(": ") for line in head.splitlines()[1:])
    if options.get("ends") == "crlf":
        text, finished = text.replace("\n", "\r\n"), finished.replace("\n", "\r\n")
    start = text.index(CURSOR)
    text = text.replace(CURSOR, "")
    found = finish(answer, text, start, start, options["language"])
    assert text[:start] + found + text[start:] == finished


def _parts(path):
    head, rest = path.read_text("utf-8").split("--- text\n")
    text, rest = rest.split("--- answer\n")
    return head, text, *rest.split("--- finished\n")


def test_an_answer_that_is_all_repetition_keeps_something():
    assert trim_repeated_suffix("return value", "return value\n") == "return value"
    assert finish("width ", "width", 5, 5, "python") == finish("width ", "width", 5, 5) == "width "


def test_blanks_that_are_the_answer_stay():
    assert trim_double_spaces("   ", " ", " ") == "   "
    assert trim_double_spaces("    indented", "\n", "\n") == "    indented"


@given(
    st.text(alphabet="ab (){}[]\"'\n=", max_size=40),
    st.text(alphabet="ab ()\n", max_size=20),
    st.integers(0, 20),
)
def test_finishing_never_fails_and_keeps_an_answer_that_had_text(answer, text, start):
    start = min(start, len(text))
    for language in ("python", "ruby", "markdown", None):
        found = finish(answer, text, start, start, language)
        assert bool(found.strip()) >= bool(answer.strip("(){}[]\"' \n=") and "\n" not in text)


@given(st.text(alphabet="a()[]{} ", max_size=20))
def test_closing_what_is_open_balances_a_text(text):
    stray, left_open = imbalance(text)
    assert imbalance(text + left_open[::-1])[1] == "" and len(stray) <= len(text)


def test_the_answer_as_it_is_comes_first_among_its_forms():
    assert balanced_forms("total))", "print(", "") == ["total))", "total)"]
    assert balanced_forms("a", "f(g(", "") == ["a", "a)", "a))"]
    assert balanced_forms("a", "f(", ")") == ["a"]


def test_an_answer_leaves_brackets_where_they_find_no_partner_on_either_side():
    text = "x = f(\ny = 2\n)\n"
    assert leaves_brackets("g(", text, 4, 4, "python") and leaves_brackets(
        "]", text, 6, 6, "python"
    )
    assert not leaves_brackets("g()", text, 4, 4, "python")
    assert not leaves_brackets("g(", text, 4, 4, None)
    assert not leaves_brackets("(", "call a)", 5, 5, "python")


def test_an_answer_leaves_brackets_that_wait_for_it_nearby():
    text = "f(a)\nx = call(\n    one,\n\nprint(x)\n"
    at = text.index("\n\n") + 1
    assert leaves_brackets("    two,", text, at, at, "python") and not leaves_brackets(
        ")", text, at, at, "python"
    )
    assert leaves_brackets("s", "y = len(xs\nz = 1\n", 10, 10, "python")
    far = "table = [\n" + "    1,\n" * 6 + "\n" + "    2,\n" * 400 + "]\n"
    at = far.index("\n\n") + 1
    assert not leaves_brackets("    3,", far, at, at, "python"), (
        "a list that ends beyond the view is not a fault"
    )
    assert leaves_brackets("b", "(a \n", 3, 3, "plaintext") and not leaves_brackets(
        "1) a", "\n", 0, 0, "restructuredtext"
    )
