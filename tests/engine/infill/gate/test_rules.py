"""The rules of the gate, each with what it holds back and with what is like it and right."""

import pytest

from engine import Deletion
from engine.infill.gate.rules import REASONS, RULES, Proposal, judge

HEAD = "class Box:\n    def __init__(self, width, height):\n"
BOX = HEAD + "        self.width = width\n        self.height = height\n        ‸\n"
CALLS = "call_my_method(thing0‸)\ncall_my_method(thing1.id)\n"
SURELY = 0.9


def reason(text, answer, language="python", confidence=0.4, **fields):
    """What the gate says of ``answer`` at ‸, or in place of a blank."""
    mark = "‸" if "‸" in text else "____"
    start = text.index(mark)
    end = start if mark == "‸" else start + len(mark)
    text = text.replace("‸", "")
    return judge(Proposal(text, start, end, answer, confidence, language, **fields))


def test_every_reason_has_a_rule_and_a_phrase_for_people():
    assert len(RULES) == 7 and all(REASONS.values())
    assert set(REASONS) == {rule.name for rule in RULES} | {"late"}


def test_an_answer_below_the_confidence_asked_for_is_withheld():
    assert reason("x = ‸\n", "width", min_confidence=0.5) == "low_confidence"
    assert reason("x = ‸\n", "width", min_confidence=0.4) is None


@pytest.mark.parametrize(
    "answer", ["self.height = height", "self.width = width", "def __init__(self, width, height):\n"]
)
def test_a_line_that_stands_beside_the_span_does_not_come_again(answer):
    assert reason(BOX, answer) == "repeats_line"


def test_a_line_that_goes_on_with_the_pattern_of_its_neighbours_may():
    assert reason(BOX, "self.area = width * height") is None
    assert reason("items.append('one')\nitems.append('two')\n‸", "items.append('three')") is None
    assert (
        reason("items.append('one')\nitems.append('two')\n‸", "items.append('two')")
        == "repeats_line"
    )


def test_the_line_below_and_one_that_differs_by_its_comma_count_too():
    assert reason('[\n    "a.txt",\n    ____\n]\n', '"a.txt"', "json") == "repeats_line"
    assert reason("def f():\n    ‸\n    return total\n", "return total") == "repeats_line"


def test_the_same_return_in_another_branch_is_no_repetition():
    assert (
        reason(
            "def f(a, b):\n    if a:\n        return None\n    if b:\n        ‸\n", "return None"
        )
        is None
    )


def test_lines_may_repeat_where_the_document_repeats_them():
    line = "total = compute(width, height, depth)\n"
    assert reason(line * 3 + "total = compute(widt‸\n" + line, "h, height, depth)") is None
    assert reason(line + "total = compute(widt‸\n", "h, height, depth)") == "repeats_line"


def test_closing_brackets_may_stand_below_each_other():
    assert reason("x = [\n    [\n        1,\n    ],\n‸\n", "]") != "repeats_line"


def test_what_was_just_deleted_does_not_come_back():
    at = CALLS.index("‸")
    gone = (Deletion(text=".id", at=at),)
    assert reason(CALLS, ".id", deletions=gone) == "just_deleted"
    assert reason(CALLS, ".id[0]", deletions=gone) == "just_deleted"
    assert reason(CALLS, ".name", deletions=gone) is None
    assert reason(CALLS, ".id") is None


def test_elsewhere_only_the_whole_of_a_deletion_is_kept_away():
    gone = (Deletion(text=".id", at=0),)
    assert reason(CALLS, ".id", deletions=gone) == "just_deleted"
    assert reason(CALLS, ".identity", deletions=gone) is None
    assert reason("x = ‸\n", "a", deletions=(Deletion(text="a", at=0),), confidence=SURELY) is None


def test_a_line_of_a_deleted_block_does_not_come_back():
    gone = (Deletion(text="    first = load()\n    second = store(first)\n", at=0),)
    assert reason("def f():\n    ‸\n", "second = store(first)", deletions=gone) == "just_deleted"


def test_the_rest_of_a_word_that_is_typed_again_may_come():
    gone = (Deletion(text="height", at=9),)
    assert reason("x = self.h‸\n", "eight", deletions=gone) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("total = ____\n", "total total total"),
        ("total = ____\n", "totaltotaltotaltotal"),
        ("import ____\n", "import import"),
        ("import ____\n", "importimport"),
        ("def add(a, b):\n    return ____\n", "add(a, b(a, b))"),
        ("x = ____\n", "a, b, a, b, a, b, a, b"),
        ("x = ____\n", "f(f(f(f(x))))"),
    ],
)
def test_a_loop_is_no_answer(text, answer):
    assert reason(text, answer) == "loop"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x = ____\n", "[0, 0, 0]"),
        ("x = ____\n", "((a + b) * (a - b))"),
        ("x = [0, 0, 0, 0, 0, 0, 0]\ny = ____\n", "[0, 0, 0, 0, 0, 0]"),
        ("x = ____\n", "max(a, b) - min(a, b)"),
        ("# ____\n", "It had been there, and had been seen."),
    ],
)
def test_what_repeats_as_texts_do_is_no_loop(text, answer):
    assert reason(text, answer) is None


@pytest.mark.parametrize(
    ("text", "answer", "language"),
    [
        ("x = f(‸\ny = 1\n", "a + ", "python"),
        ("def add(a, b):\n    return ____\n", "add(a, b) b", "python"),
        ("package main\n\nfunc main() {\n\t____\n}\n", "}", "go"),
        ('{\n  "a": ____\n}\n', '"b",', "json"),
        ('{\n  "a": 1,\n  ____\n}\n', '"b" 2', "json"),
        ("int f(void) {\n    ____\n}\n", "return 1 +;", "c"),
        ("\\section{____}\n\nBirds.\n", "Birds}", "latex"),
        ("Let $x____ be.\n", " = 1", "latex"),
        ("\\[\n  ____\n\\]\n", "x \\]", "latex"),
        ("\\begin{itemize}\n  ____\n\\end{itemize}\n", "\\end{enumerate}", "tex"),
        ("Text.\n____\nMore.\n", "\\begin{itemize}", "latex"),
        ("a:\n  - ____\n  - c\n", "[b", "yaml"),
    ],
)
def test_what_does_not_parse_or_balance_is_withheld(text, answer, language):
    assert reason(text, answer, language) == "syntax"


@pytest.mark.parametrize(
    ("text", "answer", "language"),
    [
        ('{\n  "files": [\n    "a.txt",\n    "b.txt",\n    ____\n  ]\n}\n', '"c.txt"', "json"),
        ('{\n    "command": "two",\n    ‸\n}\n', '"title": "Two"', "json"),
        ("package main\n\nfunc main() {\n\t____\n}\n", "run()", "go"),
        ("int f(void) {\n    ____\n}\n", "return 1;", "c"),
        ("\\section{____}\n", "Birds of $n$ seas", "latex"),
        ("Let $x____ be.\n", " \\in [0, 1)$", "latex"),
        ("\\begin{itemize}\n  ‸\n", "\\item One", "latex"),
        ("\\begin{itemize}\n  \\item One\n‸\n", "\\end{itemize}", "latex"),
        ("Text.\n‸\nMore.\n", "\\begin{itemize}", "latex"),
        ("a:\n  - ____\n  - c\n", "[b]", "yaml"),
        ("for i in range(‸\n", "10):", "python"),
    ],
)
def test_what_parses_passes(text, answer, language):
    assert reason(text, answer, language) is None


@pytest.mark.parametrize("step", ["    ", "  ", "\t"])
def test_a_header_needs_a_body_one_step_deeper(step):
    text = f"def f(x):\n{step}if x:\n{step * 2}y(x)\n{step}if z:\n‸"
    assert reason(text, f"{step * 2}return z(x)") is None
    assert reason(text, f"{step}return z(x)") == "syntax"
    assert reason(text.replace("‸", "____\n"), f"{step * 2}while x:") == "syntax"


def test_nothing_is_said_of_a_text_that_was_broken_before():
    assert reason("def (:\nx = ‸\n", "width") is None


@pytest.mark.parametrize("answer", [":", " b", " + 1", ")"])
def test_a_finished_line_is_left_alone_unless_the_answer_is_sure(answer):
    text = "total = compute(width)‸\nprint(total)\n"
    assert reason(text, answer) in ("complete", "syntax", "fragment")


def test_a_line_may_be_gone_on_with_where_it_is_not_finished_or_the_answer_is_sure():
    text = "total = compute(width)‸\nprint(total)\n"
    assert reason(text, " * 2") == "complete"
    assert reason(text, " * 2", confidence=SURELY) is None
    assert reason("total = compute(wid‸)\n", "th") is None
    assert reason("retur‸\n", "n total") is None
    assert reason("The sea was calm.‸\n", " We sailed on.", "plaintext") is None


def test_a_letter_alone_is_no_suggestion_at_a_cursor_but_may_fill_a_blank():
    assert reason("x = ‸\n", "a") == "fragment"
    assert reason("x = ‸\n", " \n") == "fragment"
    assert reason("for ____ in range(3):\n    pass\n", "i") is None
    assert reason("x = ____\n", "  ") == "fragment"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("# We don't ‸\nx = 1\n", "need these"),
        ('def f():\n    """Timestamp of the ‸\n    """\n', "newest item"),
        ("result = np.‸\ntotal = 1\n", "empty(3)"),
        ("x = a +‸\ny = 1\n", " beta"),
        ("def f(a):\n    return ‸\n\n\ndef g():\n    pass\n", "a * 2"),
    ],
)
def test_a_comment_a_string_or_an_operator_is_no_finished_line(text, answer):
    assert reason(text, answer) is None


def test_at_just_even_odds_an_answer_counts_as_sure():
    text = "total = compute(width)‸\nprint(total)\n"
    assert reason(text, " * 2", confidence=0.5) is None
    assert reason("x = ‸\n", "a", confidence=0.5) is None


def test_a_new_line_after_a_finished_one_goes_on_in_no_line():
    assert reason("total = compute(width)‸\nprint(total)\n", "\nshow(width)") is None


def test_the_line_of_a_span_is_what_stands_on_both_sides_of_it():
    first, last = Proposal("ab\r\ncd", 1, 1, "x", 0.4), Proposal("\nab\ncd", 5, 5, "x", 0.4)
    assert (first.line_before, first.line_after) == ("a", "b")
    assert (last.line_before, last.line_after) == ("c", "d")
    assert Proposal("\nab", 2, 2, "x", 0.4).line_before == "a"
    assert first.inserts and not Proposal("ab", 0, 1, "x", 0.4).inserts
