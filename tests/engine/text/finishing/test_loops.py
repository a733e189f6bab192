"""What is said again and again, and how often it may be."""

import pytest

from engine.text.finishing.loops import LONGEST, OFTEN, loops


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("1 1 1 1", False),
        ("1 1 1 1 1", True),
        ("((((", False),
        ("(((((", True),
        ("1, 1, 1,", False),
        ("1, 1, 1, 1,", True),
        ("a b", False),
        ("a a", True),
        ("f(f(", False),
        ("f(f(f(", True),
        ("a b a b", True),
        ("a, b, a, b,", True),
        ("a, a,", False),
    ],
)
def test_words_may_stand_in_a_row_less_often_than_numbers_and_marks(text, loop):
    assert loops(text, 0, "") is loop


@pytest.mark.parametrize(("tokens", "loop"), [(LONGEST, True), (LONGEST + 1, False)])
def test_only_so_many_tokens_are_compared(tokens, loop):
    words = " ".join(f"w{i}" for i in range(tokens))
    assert loops(f"{words} {words}", 0, "") is loop


def test_what_was_repeated_before_the_answer_is_not_its_fault():
    assert not loops("a a b", 3, "") and loops("a a b", 2, "")
    assert not loops("totaltotal x", 10, "") and loops("totaltotal x", 9, "")


def test_what_the_document_repeats_may_be_repeated_as_often():
    assert not loops("a a", 0, "x a a x") and loops("a a a", 0, "x a a x")
    assert not loops("a a", 0, "a\n  a") and not loops("((((((", 0, "( (((((")
    assert not loops("a, b, a, b", 0, "a,b,a , b") and loops("a, b, a, b, a, b", 0, "a,b,a , b")


@pytest.mark.parametrize("document", ["xa a", "a ax", "aa", "a b a", "a (a"])
def test_a_part_of_a_word_or_of_a_row_is_no_repetition_of_the_document(document):
    assert loops("a a", 0, document)


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("ababab", True),
        ("abab", False),
        ("abcabcabc", True),
        ("abcabc", False),
        ("abcdabcd", True),
        ("AbcdaBCD", True),
        ("hahaha", False),
        ("lalala", False),
        ("121212", False),
        ("aaaaaa", True),
        ("aaaa", False),
    ],
)
def test_a_word_that_stutters_is_a_loop(text, loop):
    assert loops(f"x {text} y", 0, "") is loop
    assert not loops(f"x {text} y", 0, f"has {text} in it")


def with_fillers(word, times, fillers):
    rest = [f"w{i}" for i in range(fillers)]
    return " ".join(word if i % 2 == 0 and i // 2 < times else rest.pop() for i in range(times + fillers))  # fmt: skip


def test_a_word_that_is_half_of_an_answer_is_a_loop():
    assert loops(with_fillers("and", OFTEN, 4), 0, "")
    assert loops(with_fillers("and", OFTEN, OFTEN), 0, "")
    assert not loops(with_fillers("and", OFTEN, OFTEN + 1), 0, "")
    assert not loops(with_fillers("and", OFTEN - 1, 3), 0, "")


def test_a_number_or_a_word_of_the_document_may_be_half_of_an_answer():
    text = with_fillers("and", OFTEN, 4)
    assert not loops(text, 0, "and " * OFTEN) and loops(text, 0, "and " * (OFTEN - 1))
    assert not loops(with_fillers("7", OFTEN, 4), 0, "")


def test_only_the_words_of_the_answer_count():
    text = with_fillers("and", OFTEN, 4)
    assert not loops(text, 1, "") and not loops("", 0, "") and not loops("a a", 3, "")
