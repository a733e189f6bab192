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
