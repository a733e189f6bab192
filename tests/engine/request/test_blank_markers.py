"""Markers in a text, and why some are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.request.blank_markers import (
    _TAG,
    _UNDERSCORES,
    TAG,
    UNDERSCORES,
    _matches,
    find_blanks,
    language_of,
)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = ___"),
        ("python", "foo(a, ___, b=3)"),
        ("python", "def f(x=___): pass"),
        ("python", "def f(a: ___, b=1): pass"),
        ("python", "if ___ == 3:"),
        ("python", "for x in ____:"),
        ("python", "map(lambda x: ___, y)"),
        ("markdown", "I am ____ years old"),
        ("plaintext", "____"),
        ("python", "return <fill>"),
        ("go", "return <fill tokens=8>"),
    ],
)
def test_a_marker_is_a_blank(language, text):
    found = find_blanks(text, language)
    assert len(found.spans) == 1 and not found.skipped


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("python", "_, __, ___ = t", "assigned"),
        ("python", "for ___ in y:", "assigned"),
        ("python", "def f(_, ___): pass", "parameter"),
        ("python", "lambda ___: 3", "parameter"),
        ("markdown", "above\n\n____\n\nbelow", "rule"),
        ("python", "x = \\___", "escaped"),
        ("html", "<p><fill></p>", "element"),
        ("python", "<fill lines=0>", "lines=0"),
        ("python", "<fill size=2>", "size is unknown"),
        ("python", "<fill keep=''>".replace("'", '"'), "empty"),
        ("python", "<fill tokens=many>", "tokens=many"),
    ],
)
def test_a_marker_is_skipped_with_its_reason(language, text, reason):
    found = find_blanks(text, language)
    assert not found.spans
    assert reason in found.skipped[0].reason


@pytest.mark.parametrize("text", ["foo___", "___bar", "a__b", "__", "Vec<fill>", "x_____y"])
def test_what_touches_a_word_is_not_even_seen(text):
    found = find_blanks(text, "rust")
    assert not found.spans and not found.skipped


def test_options_are_read_from_the_marker():
    assert find_blanks("x = <fill tokens=8>", "python").spans[0].tokens == 8
    [span] = find_blanks('x = <fill lines=2 name=a keep="retry timeout"> # \n', "python").spans
    assert (span.lines, span.name, span.pins, span.single_line) == (
        2,
        "a",
        ("retry", "timeout"),
        False,
    )
    assert find_blanks("<fill lines=9>", "python").spans[0].max_tokens > 100


def test_only_a_marker_alone_on_its_line_may_become_several_lines():
    first, second = find_blanks("a = ___\n    <fill>\n", "python").spans
    assert first.single_line and not second.single_line


@given(
    st.text(alphabet="_ab <fill>=8\n\\", max_size=80),
    st.sampled_from(["python", "markdown", "html"]),
)
def test_blanks_are_disjoint_in_order_and_inside_the_text(text, language):
    found = find_blanks(text, language)
    ranges = sorted(
        [(s.start, s.end) for s in found.spans] + [(s.start, s.end) for s in found.skipped]
    )
    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert all(first[1] <= second[0] for first, second in zip(ranges, ranges[1:], strict=False))


def test_languages_are_known_by_file_name():
    assert language_of("a/b/setup.PY") == "python"
    assert language_of("README.md") == "markdown"
    assert language_of("-") == "plaintext"


@given(st.text(alphabet=st.sampled_from("_a <>fil/\n"), max_size=60))
def test_the_quick_search_finds_what_the_pattern_finds(text):
    for marker, pattern in ((UNDERSCORES, _UNDERSCORES), (TAG, _TAG)):
        assert [m.span() for m in _matches(text, marker)] == [
            m.span() for m in pattern.finditer(text)
        ]


def test_another_marker_is_a_blank_wherever_it_stands_and_the_usual_ones_are_then_text():
    text = "a▮b = ___\n<fill> ▮▮\n"
    assert [(s.start, s.end) for s in find_blanks(text, "python", ("▮",)).spans] == [
        (1, 2),
        (17, 18),
        (18, 19),
    ]
    assert len(find_blanks(text, "python", ("▮", "____")).spans) == 4
    assert find_blanks("x = ??? + ?\n", "python", ("??", "?")).spans[0].end == 6
