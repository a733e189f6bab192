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


def a_canvas():
    """Two spans between context, with one given token in the second."""
    groups = [CONTEXT, 0, 0, CONTEXT, 1, 1, 1, CONTEXT]
    return Canvas([10, MASK, MASK, 11, MASK, 20, MASK, 12], groups, MASK)


def test_given_tokens_of_a_span_are_pinned_and_context_is_not():
    canvas = a_canvas()
    assert np.flatnonzero(canvas.pinned).tolist() == [5]
    assert canvas.context().tolist() == [0, 3, 7]
    canvas.pin(np.array([1]), [30])
    assert np.flatnonzero(canvas.pinned).tolist() == [1, 5] and canvas.ids[1] == 30


def test_written_are_the_tokens_of_a_span_that_were_neither_given_nor_masked():
    canvas = a_canvas()
    canvas.transfer(np.array([1, 4]), np.array([31, 32]), np.array([-1.0, -2.0]))
    assert canvas.written(0).tolist() == [1] and canvas.written(1).tolist() == [4]
    assert canvas.log_likelihood(0) == -1.0 and canvas.log_likelihood(1) == -2.0
    canvas.transfer(np.array([6]), np.array([33]), np.array([-0.5]))
    assert canvas.log_likelihood(1) == -2.5


def test_a_span_starts_again_with_masks_alone():
    canvas = a_canvas()
    canvas.transfer(np.array([4, 6]), np.array([33, 34]), np.array([-2.0, -3.0]))
    canvas.restart(1, 5)
    assert canvas.ids.tolist() == [10, MASK, MASK, 11, *[MASK] * 5, 12]
    assert canvas.groups.tolist() == [CONTEXT, 0, 0, CONTEXT, *[1] * 5, CONTEXT]
    assert not canvas.pinned.any() and not canvas.log_probs.any()
    canvas.restart(0, 1)
    assert len(canvas) == 9 and canvas.masked(np.array([0])).tolist() == [1]


def test_places_keep_their_names_when_others_come_and_go():
    canvas = a_canvas()
    canvas.expand(1)
    assert canvas.slots.tolist() == [0, 1, 8, 2, 3, 4, 5, 6, 7]
    canvas.delete(np.array([1, 3]))
    assert canvas.slots.tolist() == [0, 8, 3, 4, 5, 6, 7]
    canvas.expand(4)
    assert len(set(canvas.slots.tolist())) == len(canvas)


def test_a_copy_goes_its_own_way():
    canvas = a_canvas()
    other = canvas.copy()
    other.transfer(np.array([1]), np.array([31]), np.array([-1.0]))
    other.expand(2)
    assert len(canvas) == 8 and canvas.ids[1] == MASK and canvas.log_probs[1] == 0.0


def test_without_stretches_a_place_has_its_index_as_position_and_no_anchor():
    canvas = a_canvas()
    assert canvas.positions.tolist() == list(range(8)) and canvas.anchors().tolist() == []


def test_with_stretches_the_last_one_stands_first_and_spans_keep_places_free():
    groups = [CONTEXT, CONTEXT, CONTEXT, 0, 0, CONTEXT, 1, CONTEXT, CONTEXT]
    ids = [1, 2, 3, MASK, MASK, 4, MASK, 5, 6]
    canvas = Canvas(ids, groups, MASK, stretches=[1, 2, 2, 0, 0, 3, 0, 4, 4], snippets=1)
    # The snippet, the text's last stretch, its first one and 32 places, its second and 32 places.
    assert canvas.positions.tolist() == [0, 3, 4, 5, 6, 37, 38, 1, 2]
    assert canvas.anchors().tolist() == [2, 5]
    canvas.expand(3)
    assert canvas.positions.tolist() == [0, 3, 4, 5, 6, 7, 37, 38, 1, 2]
    assert canvas.anchors().tolist() == [2, 6]
