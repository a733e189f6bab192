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
