"""Positions and offsets in all three encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.documents.positions import character_in_line, index_in_line

lines = st.text(
    alphabet=st.one_of(st.sampled_from("aé€😀\t\ud800"), st.characters(exclude_characters="\r\n")),
    max_size=30,
)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-32"])
SIZES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@given(lines, encodings, st.data())
def test_a_position_is_the_number_of_code_units_before_it(line, encoding, data):
    index = data.draw(st.integers(0, len(line)))
    codec, size = SIZES[encoding]
    assert (
        character_in_line(line, index, encoding)
        == len(line[:index].encode(codec, "surrogatepass")) // size
    )


@given(lines, encodings, st.data())
def test_there_and_back_again(line, encoding, data):
    index = data.draw(st.integers(0, len(line)))
    assert index_in_line(line, character_in_line(line, index, encoding), encoding) == index


@given(lines, encodings, st.integers(0, 200))
def test_any_character_lands_inside_the_line(line, encoding, character):
    index = index_in_line(line, character, encoding)
    assert 0 <= index <= len(line)
    assert character_in_line(line, index, encoding) <= character


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_an_emoji_counts_as_its_code_units(encoding, expected):
    assert character_in_line("😀x", 1, encoding) == expected
