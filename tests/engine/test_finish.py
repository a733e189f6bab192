"""Answers are made to fit their place."""

from engine.finish import finish, trim_double_spaces, trim_repeated_suffix


def test_what_the_text_says_again_right_after_is_dropped():
    assert trim_repeated_suffix("total) for item in items", " for item in items)") == "total)"


def test_short_overlaps_stay():
    assert trim_repeated_suffix("foo(bar)", ")\n") == "foo(bar)"


def test_an_answer_that_is_all_repetition_keeps_something():
    assert trim_repeated_suffix("return value", "return value\n") == "return value"


def test_line_ends_follow_the_document():
    assert finish("a\nb", "x\r\ny\r\n", 3, 3) == "a\r\nb"
    assert finish("a\nb", "x\ny\n", 2, 2) == "a\nb"
    assert finish("a\nb", "x", 1, 1) == "a\nb"


def test_one_blank_is_enough_where_answer_and_text_meet():
    assert finish("  item ", "for  in items", 4, 4) == "item"
    assert trim_double_spaces(" a ", "(", ")") == " a "
    assert trim_double_spaces("   ", " ", " ") == "   "
    assert trim_double_spaces("    indented", "\n", "\n") == "    indented"
