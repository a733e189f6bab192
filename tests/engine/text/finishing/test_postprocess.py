"""Answers are made to fit their place. Every rule is a readable file in ``postprocess/``.

A file holds a text with a cursor, an answer and the result.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.finishing.brackets import balanced_forms, imbalance, leaves_brackets
from engine.text.finishing.postprocess import (
    finish,
    trim_double_spaces,
    trim_indentation,
    trim_repeated_prefix,
    trim_repeated_suffix,
    with_line_ends,
)

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


@pytest.mark.parametrize(
    ("answer", "line_before", "before", "trimmed"),
    [
        ("self.a = 1", "  self.a = ", "", "1"),
        ("f(a)", "f(", "", "f(a)"),
        ("abc d", "abc ", "", "abc d"),
        ("abcd e", "abcd ", "", "e"),
        ("total = ", "total = ", "", "total = "),
        ("total =  \n", "total =", "", "total =  \n"),
        ("12345678 x", "", "y 12345678", " x"),
        ("1234567 x", "", "y 1234567", "1234567 x"),
        ("1212121212 x", "", "1212121212", " x"),
        ("12345678", "", "12345678", "12345678"),
        ("12345678  ", "", "12345678", "12345678  "),
        (" " * 9 + "x", "", " " * 9, " " * 9 + "x"),
        ("12345678 x", "", "y12345678 ", "x"),
    ],
)
def test_what_was_just_said_is_not_said_again(answer, line_before, before, trimmed):
    assert trim_repeated_prefix(answer, line_before, before) == trimmed


@pytest.mark.parametrize(
    ("answer", "after", "trimmed"),
    [
        ("x 12345678", "12345678 y", "x "),
        ("x 1234567", "1234567 y", "x 1234567"),
        ("x 1212121212", "1212121212", "x "),
        ("12345678", "12345678", "12345678"),
        ("  12345678", "12345678", "  12345678"),
        ("x" + " " * 9, " " * 9, "x" + " " * 9),
        ("x 123456789", "12345678", "x 123456789"),
        ("x12345678", "12345678", "x"),
    ],
)
def test_what_comes_right_after_is_not_said_before(answer, after, trimmed):
    assert trim_repeated_suffix(answer, after) == trimmed


@pytest.mark.parametrize(
    ("answer", "line_before", "trimmed"),
    [
        (" \tx ", "  ", "x "),
        ("  x", "", "  x"),
        ("  x", "y ", "  x"),
        ("  ", "  ", "  "),
        ("\n  x", " ", "\n  x"),
    ],
)
def test_an_answer_in_an_indented_line_begins_with_its_text(answer, line_before, trimmed):
    assert trim_indentation(answer, line_before) == trimmed


@pytest.mark.parametrize(
    ("answer", "before", "after", "trimmed"),
    [
        (" x ", " ", " ", "x"),
        (" x ", "y", "y", " x "),
        (" x ", " ", "y", "x "),
        (" x ", "y", " ", " x"),
        ("\tx\t", " ", " ", "\tx\t"),
    ],
)
def test_one_blank_is_enough_on_either_side(answer, before, after, trimmed):
    assert trim_double_spaces(answer, before, after) == trimmed


@pytest.mark.parametrize(
    ("answer", "text", "ended"),
    [
        ("a\nb", "x\r\ny\n", "a\r\nb"),
        ("a\r\nb\n", "x\r\n", "a\r\nb\r\n"),
        ("a\nb", "x\ny\r\n", "a\nb"),
        ("a\nb", "\nx\r\n", "a\nb"),
        ("a\nb", "x\r", "a\nb"),
        ("a\r\nb", "x\n", "a\r\nb"),
        ("a\nb", "\r\n", "a\r\nb"),
    ],
)
def test_lines_end_as_the_first_line_of_the_document_does(answer, text, ended):
    assert with_line_ends(answer, text) == ended


@pytest.mark.parametrize(
    ("answer", "text", "language", "balanced"),
    [
        ("1,", '{\n  "a": \u2038\n}\n', "json", "1"),
        ("1 ", '{\n  "a": \u2038\n  "b": 2\n}\n', "json", "1,"),
        ("1", '{\n  "a": \u2038 , "b": 2\n}\n', "json", "1"),
        ("return 1,", "int f(void) {\n    \u2038\n}\n", "c", "return 1"),
        ("return (1", "int f(void) {\n    \u2038\n}\n", "rust", "return (1)"),
        ("f(x", "\u2038\n", "ruby", "f(x)"),
        ("f(x))", "\u2038\n", "ruby", "f(x)"),
        ("f(x", "\u2038\n", "markdown", "f(x"),
        ("x", "f(\u2038\n", "ruby", "x)"),
        ("x", "f(\u2038)\n", "ruby", "x"),
        ("a $x", "\u2038\n", "latex", "a $x$"),
        (";", "int f(void) {\n    \u2038\n}\n", "c", ";"),
    ],
)
def test_of_the_forms_of_an_answer_the_one_with_the_fewest_errors_is_taken(
    answer, text, language, balanced
):
    at = text.index(CURSOR)
    assert finish(answer, text.replace(CURSOR, ""), at, at, language) == balanced


def test_what_stands_in_a_selection_counts_for_nothing():
    text = "x = old_value + 1\n"
    assert finish("old_value", text, 4, 13, "python") == "old_value"
    assert finish("old_value + 1", text, 4, 17) == "old_value + 1"
    assert finish("total + 1", "x = (old)\n", 5, 8, "ruby") == "total + 1"


def test_repetitions_are_looked_for_near_the_span_only():
    long = "word " * 90 + "end. "
    assert finish(long + "x", long, len(long), len(long)) == "x"
    longer = "word " * 120 + "end. "
    assert finish(longer + "x", longer, len(longer), len(longer)) != "x"
    assert finish("x" + long, long, 0, 0) == "x"
    assert finish("x" + longer, longer, 0, 0) == "x" + longer


def test_the_line_of_a_span_ends_with_its_line_end_of_two_characters():
    text = "f(\r\nnext\r\n"
    assert finish("a", text, 2, 2, "ruby") == "a)"


@pytest.mark.parametrize(("characters", "balanced"), [(390, "x)"), (410, "x")])
def test_only_so_much_of_a_long_line_is_read(characters, balanced):
    text = "y\nf(" + "a" * characters
    assert finish("x", text, len(text), len(text), "ruby") == balanced
    behind = "x" if characters < 400 else "x)"
    text = "y\nf(" + " " * characters + "b\n"
    assert finish("x", text, 4, 4, "ruby") == behind
