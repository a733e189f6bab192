"""Whether a document is whole, would be with an answer, and could be with any."""

import pytest

from engine.text.finishing.whole import breaks, can_be_whole, is_whole

CURSOR = "\u2038"


def at(text):
    offset = text.index(CURSOR)
    return text.replace(CURSOR, ""), offset, offset


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("x = 1‸\n", "python"),
        ("f(x)‸\ny = 2\n", "python"),
        ("    return x‸\n", "python"),
        ("if x:\n    pass‸\n", "python"),
        ("{}‸", "json"),
        ("x = 1  ‸\n", "python"),
    ],
)
def test_a_line_is_whole_where_all_parses(text, language):
    text, offset, _ = at(text.replace("    return", "def f(x):\n    return"))
    assert is_whole(text, offset, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def f():\n    return ‸\n", "python"),
        ("def f():\n    yield\t‸\n", "python"),
        ("throw ‸\n", "javascript"),
        ("x = ‸\n", "python"),
        ("x = [1,‸\n]\n", "python"),
        ("f(\n    x‸\n", "python"),
        ("if x:‸\n", "python"),
        ("x.‸\n", "python"),
        ("‸\n", "python"),
        ("   ‸\n", "python"),
        ("x = 1\n‸", "python"),
        ("x = 1‸\n", "ruby"),
        ("for x in y:\n    pass\nx = 1 \\‸\n", "python"),
    ],
)
def test_a_line_is_not_whole_where_it_needs_more_or_nobody_can_tell(text, language):
    text, offset, _ = at(text)
    assert not is_whole(text, offset, language)


def test_a_statement_that_takes_more_is_whole_until_somebody_asks_for_more():
    assert is_whole("def f():\n    return\n", 19, "python")
    assert not is_whole("def f():\n    return \n", 20, "python")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("x = ‸\n", "python"),
        ("if x:\n‸", "python"),
        ("if x:\n  a\nif y:\n‸", "python"),
        ("def f():\n\tif x:\n\t\ty\n\tif z:\n‸\n", "python"),
        ("‸", "python"),
        ('{\n  "a": ‸\n}\n', "json"),
        ('{\n  "a": 1,\n  ‸\n}\n', "json"),
        ("x = f(‸\n", "python"),
        ("x = f([‸\n", "python"),
        ("int f(void) {\n    return ‸\n}\n", "c"),
        ("a:\n  - b\n  ‸\n", "yaml"),
    ],
)
def test_a_text_that_waits_for_an_answer_can_be_whole(text, language):
    assert can_be_whole(*at(text), language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def (:\nx = ‸\n", "python"),
        ("x = ‸\n" + "y = 1\n" * 200 + "def (:\n", "python"),
        ("def (:\n" + "y = 1\n" * 200 + "x = ‸\n", "python"),
        ("x = ‸\n", "ruby"),
        ("if x:\n\nelse:\n‸", "python"),
    ],
)
def test_a_text_that_is_broken_elsewhere_or_of_an_unknown_language_cannot(text, language):
    assert not can_be_whole(*at(text), language)


@pytest.mark.parametrize(
    ("text", "answer", "language", "broken"),
    [
        ("x = ‸\n", "1", "python", False),
        ("x = ‸\n", "1 +", "python", True),
        ("x = ‸\n", "1)", "python", True),
        ("x = f(‸\n", "1", "python", True),
        ("x = f(‸\n", "1)", "python", False),
        ("def (:\nx = ‸\n", "1 +", "python", False),
        ("x = ‸\n", "1 +", "ruby", False),
        ('{"a": ‸}', "1,", "json", True),
        ('{"a": ‸}', "[1]", "json", False),
        ("‸\ny = 1\n", "if x:", "python", True),
    ],
)
def test_an_answer_breaks_a_text_that_could_be_whole(text, answer, language, broken):
    assert breaks(answer, *at(text), language) is broken


@pytest.mark.parametrize(
    ("text", "answer", "broken"),
    [
        ("‸\n", "if x:", False),
        ("‸", "if x:  ", False),
        ("‸\n\ny = 1\n", "if x:", False),
        ("‸ + 1\n", "if x:", False),
        ("‸\n", "if x:\nif y:", True),
        ("def f():\n‸\n", "if x:", True),
        ("if z:\n‸\n", "    if x:", False),
    ],
)
def test_where_text_is_inserted_a_header_may_wait_for_its_body(text, answer, broken):
    assert breaks(answer, *at(text), "python", may_open=True) is broken
