"""Which brackets and quotes have no partner, and where that speaks against an answer."""

import pytest

from engine.text.finishing.brackets import (
    AROUND,
    MOST,
    balanced_forms,
    disagreement,
    imbalance,
    leaves_brackets,
    unpaired,
    would_close,
)

CURSOR = "\u2038"


@pytest.mark.parametrize(
    ("text", "stray", "left"),
    [
        ("f(a]b)", [3], []),
        ("{[(", [], [(0, "}"), (1, "]"), (2, ")")]),
        ("a)(", [1], [(2, ")")]),
        ("(]", [1], [(0, ")")]),
        ('f("(") [', [], [(7, "]")]),
        (r'"a\"(" (', [], [(7, ")")]),
        (r'"\\" (', [], [(5, ")")]),
        ('"" (', [], [(3, ")")]),
        ('"""(\n(""" [', [], [(10, "]")]),
        ("'''(''' [", [], [(8, "]")]),
        ('x = "a(', [], [(4, '"')]),
        ("( `a", [], [(0, ")"), (2, "`")]),
        ('x = "a(\n)', [], []),
        ("don't (", [], [(6, ")")]),
        ("'(' [", [], [(4, "]")]),
        ('"(\n"', [], [(1, ")"), (3, '"')]),
        ('"""a\n(', [], [(5, ")")]),
    ],
)
def test_marks_without_a_partner_are_found_where_they_stand(text, stray, left):
    assert unpaired(text) == (stray, left)
    assert imbalance(text) == ("".join(text[at] for at in stray), "".join(m for _, m in left))
    assert disagreement(text) == len(stray) + len(left)


@pytest.mark.parametrize(
    ("line", "language", "closed"),
    [
        ("f([", "python", "])"),
        ("f(x", None, ")"),
        ("f(x)", "go", ""),
        ("$\\textbf{", "latex", "}$"),
        ("$x", "python", ""),
    ],
)
def test_what_a_line_leaves_open_is_closed_in_order(line, language, closed):
    assert would_close(line, language) == closed


@pytest.mark.parametrize(
    ("answer", "before", "after", "forms"),
    [
        ("a) )", "", "", ["a) )", "a)", "a"]),
        ("a) ", "", "", ["a) ", "a"]),
        (")", "", "", [")"]),
        ("a)b", "", "", ["a)b"]),
        ("a ", "f([", "  ", ["a ", "a]", "a])"]),
        ("a", "f(", "x", ["a"]),
        ("a)", "f(", ")", ["a)", "a"]),
        ("a", "f(", ")", ["a"]),
    ],
)
def test_forms_of_an_answer_have_marks_dropped_or_added_at_its_end(answer, before, after, forms):
    assert balanced_forms(answer, before, after) == forms


def test_only_a_few_marks_are_dropped_or_added():
    dropped = ["a" + ")" * (9 - i) for i in range(MOST + 1)]
    assert balanced_forms("a" + ")" * 9, "", "") == dropped
    assert balanced_forms("a", "(" * 9, "") == ["a" + ")" * i for i in range(MOST + 1)]


def leaves(text, answer, language):
    at = text.index(CURSOR)
    return leaves_brackets(answer, text.replace(CURSOR, ""), at, at, language)


@pytest.mark.parametrize(("lines", "seen"), [(0, True), (2, True), (3, False)])
def test_in_prose_a_mark_without_a_partner_counts_a_few_lines_away(lines, seen):
    between = "line\n" * lines
    assert leaves(f"see (there\n{between}{CURSOR}\n", "x", "plaintext") is seen
    assert leaves(f"{CURSOR}\n{between}there) it\n", "x", "plaintext") is seen


def test_in_prose_what_is_opened_behind_an_answer_is_not_its_fault():
    assert not leaves(f"{CURSOR} (there\n", "x", "plaintext")
    assert leaves(f"{CURSOR} there\n", "(x", "plaintext")
    assert not leaves(f"{CURSOR} there)\n", "(x", "plaintext")


@pytest.mark.parametrize(
    ("text", "seen"), [("abc) one", False), ("  1) one", False), ("word) one", True), ("a 1) b", True)]
)  # fmt: skip
def test_in_prose_the_mark_of_a_list_needs_no_partner(text, seen):
    assert leaves(f"first\n{text}\n{CURSOR}\n", "x", "markdown") is seen
    assert leaves(f"first\n{text}\n{CURSOR}\n", "x", "ruby") is True


def test_partners_are_looked_for_on_both_sides_of_a_span_but_not_without_end():
    near, far = "x\n" * (AROUND // 2 - 5), "x\n" * AROUND
    for between, seen in ((near, False), (far, True)):
        assert leaves(f"({between}{CURSOR}", ")", "ruby") is seen
        assert leaves(f"{CURSOR}{between})", "(", "ruby") is seen


def test_in_code_an_answer_may_leave_what_was_left_before_far_away():
    assert not leaves(f"(\n\n\n\n\n{CURSOR}\n", "x", "ruby")
    assert leaves(f"(\n{CURSOR}\n", "x", "ruby")
    assert leaves(f"(\n\n\n\n\n{CURSOR}\n", "[", "ruby")
