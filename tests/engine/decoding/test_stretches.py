"""Positions of stretches and spans: what stands behind a span does not move while it grows."""

import pytest

from engine.decoding.stretches import RESERVED, reserved_positions, stretch_starts


@pytest.mark.parametrize(
    ("slots", "positions"),
    [(0, RESERVED), (1, RESERVED), (32, 32), (33, 64), (64, 64), (65, 96)],
)
def test_a_span_keeps_the_next_multiple_of_positions_free(slots, positions):
    assert reserved_positions(slots) == positions


def test_the_last_stretch_stands_in_front_of_the_first():
    assert stretch_starts([3, 4, 5], [2, 40]) == ([5, 40, 0], [8, 44])


def test_snippets_stand_before_everything():
    assert stretch_starts([3, 5], [2], front=[7, 1]) == ([0, 7, 13, 8], [16])


def test_a_text_without_spans_is_one_stretch():
    assert stretch_starts([3], []) == ([0], [])


def test_there_is_one_stretch_more_than_there_are_spans():
    with pytest.raises(AssertionError):
        stretch_starts([3, 4], [])
    with pytest.raises(AssertionError):
        stretch_starts([3], [2])
