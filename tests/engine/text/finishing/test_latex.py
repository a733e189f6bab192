r"""LaTeX's marks and their partners: mathematics, environments, braces, and what is none of them."""

import pytest

from engine.text.finishing.latex import leaves_unpaired, paired, unpaired

WHOLE = [
    r"Let $x \in [0, 1)$ and \(y = (a, b]\) be.",
    "\\[\n  \\left( \\frac{1}{2} \\right]\n\\]\n",
    "\\begin{itemize}\n  \\item[a] One (1).\n\\end{itemize}\n",
    "\\begin{figure}[ht]\n\\begin{center}\nx\n\\end{center}\n\\end{figure}\n",
    r"It costs 5\$ or 10\%, \{as said\}, \verb|$x{|.",
    "% a comment with $ and {\nText.\n",
    "\\begin{verbatim}\n$ { \\begin{x}\n\\end{verbatim}\n",
    r"$$x = \text{ if $y$ holds}$$",
    r"$a$$b$",
    "a) one\nb) two\n",
    "x & y \\\\[2pt]\n",
    "\\begin{align*}\n  [0, 1) &= y\n\\end{align*}\n",
]


@pytest.mark.parametrize("text", WHOLE)
def test_whole_texts_have_every_partner(text):
    assert unpaired(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "stray", "left"),
    [
        ("Let $x be.\n\nThen $y$.", [], ["$"]),
        ("\\begin{a}\n\\end{b}\n", ["\\end{b}"], ["\\end{a}"]),
        ("\\section{Birds\n\nText.", [], ["}"]),
        ("x \\] y", ["\\]"], []),
        ("\\textbf{a}} b", ["}"], []),
        ("\\[ x\n\nText $y$.", [], ["\\]"]),
        ("(see there\n\nText.", [], [")"]),
    ],
)
def test_what_has_no_partner_is_found(text, stray, left):
    closing, opening = unpaired(text)
    assert [text[at:].startswith(mark) for at, mark in zip(closing, stray, strict=True)] == [
        True
    ] * len(stray)
    assert [one.closer for one in opening] == left


def at(text):
    start = text.index("‸")
    return text.replace("‸", ""), start, start


@pytest.mark.parametrize(
    ("text", "answer", "finished"),
    [
        ("Let $x‸\n", " = 1", " = 1$"),
        ("Let $x‸$ be.\n", " = 1", " = 1"),
        ("\\section{‸\n\nText.\n", "Birds", "Birds}"),
        ("\\section{‸}\n", "Birds}", "Birds"),
        ("Let $x‸$ be.\n", " = 1$", " = 1"),
        ("The sum \\(a‸\n", " + b", " + b\\)"),
        ("$\\frac{1}{‸\n", "n", "n}$"),
        (
            "  ‸\n",
            "\\begin{itemize}\n    \\item a",
            "\\begin{itemize}\n    \\item a\n  \\end{itemize}",
        ),
        ("\\begin{itemize}\n‸\n\\end{itemize}\n", "\\item a \\end{itemize}", "\\item a"),
        ("‸\n", "\\begin{itemize}", "\\begin{itemize}"),
        ("% ‸\n", "costs 5$", "costs 5$"),
    ],
)
def test_an_answer_is_given_the_marks_that_it_lacks_or_has_too_many(text, answer, finished):
    assert paired(answer, *at(text)) == finished


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Let $x‸ be.\n", " = 1"),
        ("Let ‸ be.\n", "$x"),
        ("\\[\n  ‸\n\\]\n", "x \\]"),
        ("\\begin{itemize}\n  ‸\n\\end{itemize}\n", "\\end{enumerate}"),
        ("Text ‸\n\nMore.\n", "\\textbf{a"),
        ("‸\n\nMore.\n", "\\begin{itemize}\n\\item a"),
    ],
)
def test_an_answer_that_leaves_a_mark_alone_is_seen(text, answer):
    assert leaves_unpaired(answer, *at(text))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Let $x‸$ be.\n", " = 1"),
        ("Let ‸ be.\n", "$x \\in (0, 1]$"),
        ("\\begin{itemize}\n  ‸\n", "\\item a"),
        ("\\begin{itemize}\n  \\item a\n‸\n", "\\end{itemize}"),
        ("‸\n\nMore.\n", "\\begin{itemize}"),
        ("‸\n\nMore.\n", "\\begin{table}[ht]"),
        ("% ‸\n", "costs 5$ {"),
        ("Broken } text.\n\nMore ‸\n", "of it"),
    ],
)
def test_an_answer_that_leaves_all_as_it_was_or_better_is_none(text, answer):
    assert not leaves_unpaired(answer, *at(text))


def test_what_ends_a_long_document_may_have_begun_far_above():
    text = "\\begin{document}\n" + "A line of it.\n" * 5_000 + "‸\n"
    assert not leaves_unpaired("\\end{document}", *at(text))


@pytest.mark.parametrize(
    ("text", "stray", "left"),
    [
        (r"$a$$b", [], [(3, "$")]),
        (r"$a {b$$c$", [], [(0, "$"), (3, "}"), (5, "$$"), (8, "$")]),
        (r"\text{ $a } $", [], [(7, "$"), (12, "$")]),
        (r"{ \end{a} }", [2], []),
        (r"\begin{a} { ( \end{a}", [], [(10, "}"), (12, ")")]),
        ("$ x ( ] y $", [], []),
        ("a ( b ] c", [6], [(2, ")")]),
        ("a [ ( b ]", [], [(4, ")")]),
        ("x\na) b\n(c) d)", [12], []),
        ("see it\n  iv) b", [], []),
        ("see it a) b", [8], []),
    ],
)
def test_marks_without_a_partner_are_found_where_they_stand(text, stray, left):
    closing, opening = unpaired(text)
    assert (closing, [(one.at, one.closer) for one in opening]) == (stray, left)


def test_marks_of_lines_above_are_not_closed_by_an_answer():
    text = "\\textbf{a\nLet $x‸\n"
    assert paired(" = 1", *at(text)) == " = 1$"


def test_an_environment_is_closed_as_deep_as_it_was_opened():
    answer = "\\begin{b}\n    x\n    \\begin{c}\n      y"
    finished = answer + "\n    \\end{c}\n  \\end{b}"
    assert paired(answer, *at("text\n  ‸\n\nmore\n")) == finished
    assert paired("\\begin{b}\nx", *at("‸\n")) == "\\begin{b}\nx\n\\end{b}"


def test_what_follows_on_a_later_line_does_not_keep_an_answer_from_being_closed():
    assert paired("\\textbf{a", *at("‸ \n\nmore\nand more\n")) == "\\textbf{a}"
    assert paired("\\textbf{a", *at("‸ b\n\nmore\n")) == "\\textbf{a"
