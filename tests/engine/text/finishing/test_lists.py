"""Lists count on, tables keep their cells, comments their leader."""

import pytest

from engine.infill.gate.rules import Proposal, judge
from engine.text.finishing.lists import with_leader, with_next_number
from engine.text.finishing.postprocess import finish


@pytest.mark.parametrize(
    ("text", "answer", "numbered"),
    [
        ("1. a\n2. b\n", "2. c", "3. c"),
        ("1. a\n2. b\n", "1. c\n2. d", "3. c\n4. d"),
        ("9) a\n", "9) b", "10) b"),
        ("  1. a\n", "  1. b", "  2. b"),
        ("1. a\n", "2. b", "2. b"),
        ("1. a\n", "1) b", "1) b"),
        ("text\n", "1. a", "1. a"),
    ],
)
def test_numbers_go_on_from_the_item_above(text, answer, numbered):
    assert with_next_number(answer, text, len(text)) == numbered


def test_a_list_is_numbered_in_prose_only():
    assert finish("2. c", "1. a\n2. b\n", 10, 10, "markdown") == "3. c"
    assert finish("2. c", "1. a\n2. b\n", 10, 10, "go") == "2. c"


@pytest.mark.parametrize("leader", ["#", "//", "    #", "--", " *"])
def test_every_line_of_a_comment_has_its_leader(leader):
    assert with_leader("one\ntwo", f"{leader} ") == f"one\n{leader} two"
    assert with_leader(f"one\n{leader} two", f"{leader} ") == f"one\n{leader} two"


def test_code_has_no_leader():
    assert with_leader("one\ntwo", "x = ") == "one\ntwo"


def test_a_row_of_a_table_has_as_many_cells_as_the_row_above():
    text = "| a | b |\n|---|---|\n"

    def reason(answer):
        return judge(Proposal(text, len(text), len(text), answer, 0.4, "markdown"))

    assert (
        reason("| c | d |") is None
        and reason("| c |") == "syntax"
        and reason("some words") == "syntax"
    )
