"""Lines that stand beside a span must not come again: which ones those are."""

import pytest

from engine.text.lines import NEIGHBOURS, bare, filled_lines, neighbours, repeats, repeats_neighbour

CURSOR = "\u2038"


def around(text, line):
    at = text.index(CURSOR)
    return neighbours(text.replace(CURSOR, ""), at, at, line)


def test_an_answer_makes_the_lines_that_hold_it_without_empty_ones():
    assert filled_lines("x = ", "f(\n\n  1,\n", ")") == ["x = f(", "  1,", ")"]
    assert filled_lines("", "\n ,\n;", "") == []


@pytest.mark.parametrize(
    ("line", "counts"), [(" x = 1; ", "x = 1"), ("a, ;", "a,"), ("a,;", "a"), (" ;,", ""), ("f(;)", "f(;)")]
)  # fmt: skip
def test_of_a_line_blanks_and_separators_at_its_end_do_not_count(line, counts):
    assert bare(line) == counts


def test_the_lines_next_to_the_span_count_the_nearest_first():
    text = f"one\ntwo\n{CURSOR}\nthree\nfour\n"
    assert around(text, "new") == (["two", "one"], ["three", "four"])
    assert around(f"a{CURSOR}b", "new") == ([], [])
    assert around(f"one\n{CURSOR}", "new") == (["one"], [])


def test_what_stands_on_the_lines_of_a_selection_itself_does_not_count():
    text = "one\ntwo\nthree\nfour\n"
    assert neighbours(text, 5, 11, "new") == (["one"], ["four"])


def test_the_nearest_line_counts_whatever_its_depth_and_no_empty_one():
    text = f"    deep,\n\n  \n{CURSOR}\n\n    deeper;\n    too\n"
    assert around(text, "new") == (["deep"], ["deeper"])


def test_further_lines_count_as_long_as_they_are_as_deep_as_the_new_one():
    text = f"a\n    b\n    c\n    d\n{CURSOR}\n    e\n    f\n  g\n    h\n"
    above, below = around(text, "    new")
    assert above == ["d", "c", "b", "a"] and below == ["e", "f"]


def test_of_lines_of_one_depth_only_a_few_count():
    lines = [f"line {i}" for i in range(9)]
    above, below = around("\n".join([*lines, CURSOR, *lines]), "new")
    assert above == lines[::-1][:NEIGHBOURS] and below == lines[:NEIGHBOURS]


def test_heads_that_enclose_the_span_count_however_far_they_are():
    text = f"class A:\n    def f(self):\n        one\n\n        if x:\n            two\n        {CURSOR}\n"
    above, _ = around(text, "        new")
    assert above == ["two", "def f(self):", "class A:"]
    above, _ = around(text, "            new")
    assert above == ["two", "if x:", "def f(self):", "class A:"]


def test_tabs_are_as_deep_as_four_blanks():
    above, _ = around(f"if x:\n\ty\n\tz\n{CURSOR}", "    new")
    assert above == ["z", "y", "if x:"]
    above, _ = around(f"\ta\n  \tb\n{CURSOR}", "    new")
    assert above == ["b", "a"]


def test_lines_far_away_are_not_looked_at():
    far = "far\n" + "\n" * 5_000
    assert around(f"{far}{CURSOR}\n{far[::-1]}", "new") == ([], [])
    near = "\n" * 3_000
    assert around(f"near\n{near}{CURSOR}\n{near}near\n", "new") == (["near"], ["near"])


def test_a_line_comes_again_where_it_stands_beside_the_span_already():
    assert repeats("  x = 1;", ["x = 1"], []) and repeats("x = 1", [], ["x = 1"])
    assert not repeats("x = 1", ["x = 2"], ["y"]) and not repeats("x = 1", [], [])


def test_a_line_without_a_word_may_stand_twice():
    assert not repeats("},", ["}"], ["}"]) and not repeats("|---|", ["|---|"], [])


def test_a_line_may_come_again_where_the_document_repeats_it():
    assert not repeats("x", ["x", "x"], []) and not repeats("x", ["x"], ["x"])
    assert not repeats("x", ["y"], ["x", "x"])
    assert repeats("x", ["y", "x"], ["x"]) and repeats("y", ["x", "x", "y"], [])


def test_any_line_of_an_answer_may_be_the_one_that_comes_again():
    text = "one = 1\ntwo = 2\n\nthree = 3\n"
    assert repeats_neighbour(text, 16, 16, "four = 4\nthree = 3", "", "")
    assert repeats_neighbour(text, 16, 16, "t", "", "wo = 2")
    assert repeats_neighbour(text, 16, 16, "o = 2", "tw", "")
    assert not repeats_neighbour(text, 16, 16, "four = 4\nfive = 5", "", "")
