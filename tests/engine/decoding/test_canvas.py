"""The canvas: resizing touches its own group only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.decoding.canvas import CONTEXT, Canvas

MASK = 99
rows = st.lists(st.tuples(st.integers(0, 98), st.integers(-1, 3)), min_size=1, max_size=40)


def make(pairs: list[tuple[int, int]]) -> Canvas:
    ids = [token if group == CONTEXT else MASK for token, group in pairs]
    return Canvas(ids, [group for _, group in pairs], MASK)


@given(rows, st.randoms())
def test_growing_and_shrinking_never_changes_the_context_or_other_groups(pairs, random):
    canvas = make(pairs)
    context = canvas.ids[canvas.context()].tolist()
    for _ in range(10):
        masked = canvas.masked(np.arange(4))
        if not len(masked):
            break
        place = int(random.choice(masked.tolist()))
        group = int(canvas.groups[place])
        sizes = {g: len(canvas.places(g)) for g in range(4)}
        if random.random() < 0.5:
            canvas.expand(place)
            sizes[group] += 1
        else:
            canvas.delete(np.array([place]))
            sizes[group] -= 1
        assert {g: len(canvas.places(g)) for g in range(4)} == sizes
        assert canvas.ids[canvas.context()].tolist() == context
        assert len(canvas.ids) == len(canvas.groups) == len(canvas.log_probs)


@given(rows)
def test_masked_places_are_the_masks_of_the_asked_groups(pairs):
    canvas = make(pairs)
    for group in range(4):
        expected = [i for i, (_, g) in enumerate(pairs) if g == group]
        assert canvas.masked(np.array([group])).tolist() == expected


def test_a_transferred_place_is_no_longer_masked():
    canvas = make([(5, CONTEXT), (0, 0), (0, 0)])
    canvas.transfer(np.array([1]), np.array([7]), np.array([-0.5]))
    assert canvas.masked(np.array([0])).tolist() == [2]
    assert canvas.ids.tolist() == [5, 7, MASK]
    assert canvas.log_probs[1] == -0.5
