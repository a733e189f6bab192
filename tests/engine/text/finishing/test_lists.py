"""Lists count on, tables keep their cells, comments their leader."""

import pytest

from engine.infill.gate.rules import Proposal, judge
from engine.text.finishing.lists import breaks_table, with_leader, with_next_number
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


@pytest.mark.parametrize(
    ("text", "answer", "numbered"),
    [
        ("1. a\n  ", "1. b", "1. b"),
        ("  1. a\n  ", "1. b", "2. b"),
        ("1. a\nword ", "1. b", "1. b"),
        ("5. a\n", "1. b\ntext\n  1. c\n1. d", "6. b\ntext\n  1. c\n7. d"),
        ("9. a\n", "9. b 9. c", "10. b 9. c"),
        ("1. a\r\n", "1. b", "2. b"),
        ("1. a\n\n", "1. b", "1. b"),
        ("\n", "1. b", "1. b"),
        ("", "1. b", "1. b"),
        ("1.a\n", "1. b", "1. b"),
    ],
)
def test_only_items_of_the_list_above_are_counted(text, answer, numbered):
    assert with_next_number(answer, text, len(text)) == numbered


def test_a_list_above_counts_on_however_much_stands_before_and_behind():
    text = "intro\n3. a\n\nend\n"
    assert with_next_number("1. b", text, text.index("\n\n") + 1) == "4. b"


def test_empty_lines_of_a_comment_stay_empty_and_its_depth_is_that_of_the_first():
    assert with_leader("one\n\n  two", "  # ") == "one\n\n  # two"
    assert with_leader("one\n   # two", "# ") == "one\n   # two"
    assert with_leader("one", "# ") == "one"
    assert with_leader("one\ntwo", "// said ") == "one\n// two"
    assert with_leader("one\ntwo", "#said ") == "one\ntwo"


@pytest.mark.parametrize(
    ("above", "line", "breaks"),
    [
        ("| a | b |", "| c | d |", False),
        ("  | a | b |  ", "| c |", True),
        ("| a \\| b |", "| c |", False),
        ("| a |", "| c \\| d |", False),
        ("| a |", "   ", False),
        ("a | b", "c", False),
    ],
)
def test_a_line_below_a_row_has_as_many_cells(above, line, breaks):
    text = f"intro\n{above}\r\n\nend"
    at = text.index("\n\n") + 1
    assert breaks_table(line, text, at) is breaks
    assert breaks_table(line, text + line, at) is breaks


def test_a_first_line_has_no_row_above():
    assert not breaks_table("a", "| a | b |\n", 0) and not breaks_table("a", "", 0)
