"""Which places are transferred: schedules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decoding.schedule import num_transfer_tokens, top_confident
from engine.decoding.token_sampling import guided

confidences = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(st.integers(0, 200), st.integers(1, 50))
def test_the_schedule_transfers_every_mask_and_differs_by_at_most_one(masks, steps):
    schedule = num_transfer_tokens(masks, steps)
    assert sum(schedule) == masks and len(schedule) == steps
    assert max(schedule) - min(schedule) <= 1
    assert schedule == sorted(schedule, reverse=True)


@given(confidences, st.integers(0, 30))
def test_no_remasked_place_is_more_confident_than_a_transferred_one(confidence, count):
    chosen = top_confident(confidence, count)
    assert chosen.sum() == min(count, len(confidence))
    if chosen.any() and not chosen.all():
        assert confidence[chosen].min() >= confidence[~chosen].max()


def test_equal_confidences_are_taken_from_the_left():
    assert top_confident(np.array([0.5, 0.5, 0.5]), 2).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("masks", "steps", "expected"), [(32, 6, [6, 6, 5, 5, 5, 5]), (3, 4, [1, 1, 1, 0])]
)
def test_the_remainder_goes_to_the_first_steps(masks, steps, expected):
    assert num_transfer_tokens(masks, steps) == expected


def test_guidance_keeps_forbidden_tokens_forbidden():
    conditional = np.array([[1.0, -np.inf, 2.0]], np.float32)
    unconditional = np.array([[0.5, -np.inf, 4.0]], np.float32)
    assert guided(conditional, unconditional, 1.0).tolist() == [[1.5, -np.inf, 0.0]]
