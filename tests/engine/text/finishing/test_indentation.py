"""Answers stand as deep as their place wants, in the document's own tabs or blanks; separators fit
the next line."""

import pytest

from engine.text.finishing.indentation import step_of, with_depth, with_tabs
from engine.text.finishing.postprocess import finish

TABS = "def f(x):\n\tif x:\n\t\treturn 1\n\tif y:\n"
BLANKS = "def f(x):\n  if x:\n    return 1\n  if y:\n"


@pytest.mark.parametrize(
    ("text", "step"), [(TABS, "\t"), (BLANKS, "  "), ("x = 1\n", "    "), ("if x:\n   y\n", "   ")]
)
def test_a_step_is_that_of_the_document(text, step):
    assert step_of(text) == step


@pytest.mark.parametrize("text", [TABS, BLANKS])
@pytest.mark.parametrize("typed", [0, 1, 2])
def test_a_body_is_moved_one_step_below_its_head(text, typed):
    step = step_of(text)
    text += step * typed
    assert (
        with_depth("return 2\nreturn 3", text, len(text), len(text)).split("\n")[0]
        == step * (2 - typed) + "return 2"
    )


def test_lines_of_an_answer_keep_their_depth_to_each_other():
    answer = "    if z:\n        pass\n    return 2"
    assert with_depth(answer, TABS, len(TABS), len(TABS)) == "\t\tif z:\n\t\t    pass\n\t\treturn 2"


def test_what_closes_a_block_or_follows_no_head_stays():
    assert with_depth("}", "f {\n", 4, 4) == "}"
    assert with_depth("x = 1", "y = 1\n", 6, 6) == "x = 1"


def test_an_answer_that_begins_a_line_is_indented_by_tabs_too():
    text = "func f() {\n\ta()\n\tb()\n\n}\n"
    at = text.index("\n\n") + 1
    assert with_tabs("    c()\n    d()", text, at, at) == "\tc()\n\td()"


@pytest.mark.parametrize(
    ("text", "answer", "language", "finished"),
    [
        ('{\n  "files": [\n    "a.txt",\n    ____\n  ]\n}\n', '"c.txt",', "json", '"c.txt"'),
        ('{\n  "a": 1,\n  ____\n  "c": 3\n}\n', '"b": 2', "json", '"b": 2,'),
        ('{\n  "a": 1,\n  ____\n}\n', '"b": 2', "json", '"b": 2'),
        ("int f(void) {\n    ____\n}\n", "return 1", "c", "return 1;"),
        ("int f(void) {\n    ____\n}\n", "return 1;", "c", "return 1;"),
        ("int a[] = {\n    1,\n    ____\n    3\n};\n", "2", "c", "2,"),
        ("class A {\n    int f() {\n        ____\n    }\n}\n", "return 1", "java", "return 1;"),
    ],
)
def test_a_line_ends_with_the_separator_that_the_next_one_needs(text, answer, language, finished):
    at = text.index("____")
    assert finish(answer, text, at, at + 4, language) == finished


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("\ta\n  b\n", "  "),
        ("\ta\n\tb\n  c\n", "\t"),
        ("  a\n  \tb\n", "  "),
        ("a\n  b\n    c\nd\n   e\n", "  "),
        ("a\n\n  \n   b\n", "   "),
        ("a\n      b\n  c\n    d\ne\n  f\n", "  "),
        ("   a\n   b\n", "   "),
        ("", "    "),
    ],
)
def test_a_step_is_the_one_that_is_taken_most_often(text, step):
    assert step_of(text) == step


@pytest.mark.parametrize(
    ("answer", "tabbed"),
    [
        ("    a\n        b\nc", "\ta\n\t\tb\nc"),
        ("      a", "\t  a"),
        ("\t    a", "\t\ta"),
        ("\t  a", "\t  a"),
        ("   a", "   a"),
        ("a    b", "a    b"),
    ],
)
def test_four_blanks_are_a_tab_where_the_lines_around_have_tabs(answer, tabbed):
    text = "\ta\n\tb\n  c\n\nend\n"
    at = text.index("\n\n") + 1
    assert with_tabs(answer, text, at, at) == tabbed


def test_the_first_line_of_an_answer_inside_a_line_stays():
    text = "\ta\n\tx = \n"
    assert with_tabs("    b\n    c", text, 8, 8) == "    b\n\tc"
    assert with_tabs("    b\n    c", "\ta\n\t\n", 4, 4) == "\tb\n\tc"


@pytest.mark.parametrize("text", ["\ta\n  b\n", "a\nb\n", "  a\n"])
def test_blanks_stay_where_not_most_lines_have_tabs(text):
    assert with_tabs("    c", text, len(text), len(text)) == "    c"


def test_lines_above_and_below_tell_of_tabs_but_not_those_that_are_written_anew():
    text = "\ta\n  x\n  y\n\tb\n"
    assert with_tabs("    c", text, 3, 9) == "\tc"
    assert with_tabs("    c", "  x\n\n\tb\n\tc\n", 4, 4) == "\tc"
    assert with_tabs("    c", "\tx", 0, 0) == "    c"
    assert with_tabs("    c", "\n\tx" + " y" * 2_500, 0, 0) == "\tc"
    assert with_tabs("    c", "\n" + "x\n" * 2_500 + "\tx\n", 0, 0) == "    c"
    assert with_tabs("    c", "\tx\n" + "x\n" * 2_500, 5_003, 5_003) == "    c"
    assert with_tabs("    c", "\tx\n" + "x\n" * 1_000, 2_003, 2_003) == "\tc"


@pytest.mark.parametrize("opener", [":", "{", "[", "(", "{  "])
def test_a_line_that_opens_something_has_its_body_one_step_deeper(opener):
    text = f"  a {opener}\n"
    assert with_depth("x", text, len(text), len(text)) == "    x"


@pytest.mark.parametrize("closer", ["}", "])", ")"])
def test_what_closes_it_stands_as_deep_as_the_line_that_opens(closer):
    assert with_depth(f" {closer}", "  a {\n", 6, 6) == f" {closer}"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a:\nx ", "b"),
        ("a:\n", "  "),
        ("a:\n", "\nb"),
        ("a:\n", "    b\nc"),
        ("a:\n  ", "  b\nc"),
        ("a:\n     ", "b"),
        ("a:\n\t", "b"),
        ("a\n", "b"),
        ("", "b"),
    ],
)
def test_an_answer_that_stands_right_or_begins_no_body_stays(text, answer):
    assert with_depth(answer, text, len(text), len(text)) == answer


def test_the_line_that_opens_may_stand_above_empty_lines_but_not_far_above():
    assert with_depth("b", "a:\n\n  \n", 7, 7) == "    b"
    assert with_depth("b", "a:\n" + "\n" * 4_500, 4_503, 4_503) == "b"
    assert with_depth("b", "c\na:\n" + "\n" * 3_900, 3_905, 3_905) == "    b"


def test_lines_of_a_moved_answer_that_stand_less_deep_stay_where_they_are():
    text = "if x:\n  "
    moved = with_depth("  b\n      c\n  d\n\n     \n    e", text, len(text), len(text))
    assert moved == "  b\n      c\n  d\n\n     \n    e"
    text = "  if x:\n    y\n  if z:\n  "
    moved = with_depth("b\n    c\n d\n   \n  e", text, len(text), len(text))
    assert moved == "  b\n      c\n d\n   \n    e"
    moved = with_depth("\tb\n  \tc\n  d", text, len(text), len(text))
    assert moved == "  b\n    c\n  d"
