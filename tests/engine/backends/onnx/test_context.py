"""Rows of cached keys are taken without a copy, and a pass sees just those."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import MINI, Engine
from engine.backends.interface import Batch
from engine.backends.onnx.context import SPARE, OnnxContext

RNG = np.random.default_rng(0)


def held(tokens=9):
    return OnnxContext([RNG.normal(size=(1, 2, tokens, 4)) for _ in range(4)])


@pytest.mark.parametrize("tokens", [[0, 1, 2], [5, 6, 1, 2, 8], [], [3], list(range(9))])
def test_what_is_taken_is_what_indexing_gives(tokens):
    context, tokens = held(), np.array(tokens, np.int64)
    taken = context.take(tokens)
    assert taken.length == len(tokens) and taken.arrays is context.arrays
    for whole, array in zip(taken.whole(), context.arrays, strict=True):
        np.testing.assert_array_equal(whole, array[:, :, tokens])


def test_taking_again_counts_in_what_was_taken():
    context = held()
    again = context.take(np.array([8, 2, 4, 6])).take(np.array([3, 0]))
    np.testing.assert_array_equal(again.whole()[0], context.arrays[0][:, :, [6, 8]])


def test_new_rows_stand_behind_those_that_count():
    context, more = held(), [RNG.normal(size=(1, 2, 2, 4)) for _ in range(4)]
    whole = context.take(np.array([1, 2, 7])).whole(more)
    np.testing.assert_array_equal(
        whole[3], np.concatenate((context.arrays[3][:, :, [1, 2, 7]], more[3]), axis=2)
    )


def rows(tokens):
    return [RNG.normal(size=(1, 2, tokens, 4)) for _ in range(4)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["extend", "take", "branch"]), st.integers(0, 40))))
def test_whatever_is_extended_and_taken_every_context_stays_what_it_was(steps):
    """Contexts share arrays; each is compared with a copy of its own."""
    context = held()
    known = [(context, context.whole())]
    for what, number in steps:
        context, copy = known[number % len(known)] if what == "branch" else known[-1]
        if what == "take":
            kept = RNG.permutation(context.length)[: max(1, number)]
            context, copy = context.take(kept), [array[:, :, kept] for array in copy]
        else:
            more = rows(number % 5 + 1)
            context = context.extended(more)
            copy = [np.concatenate(pair, axis=2) for pair in zip(copy, more, strict=True)]
        known.append((context, copy))
    for context, copy in known:
        assert context.length == copy[0].shape[2]
        for whole, array in zip(context.whole(), copy, strict=True):
            np.testing.assert_array_equal(whole, array)


def test_tokens_of_an_answer_are_written_in_place():
    first = held().extended(rows(1))
    second = first.extended(rows(2))
    assert second.arrays is first.arrays
    assert second.extended(rows(SPARE)).arrays is not first.arrays, "there is no room for so many"


def test_a_context_of_little_in_large_arrays_is_copied_out_of_them():
    large = held(5 * SPARE).extended(rows(1))
    assert large.take(np.arange(10)).extended(rows(1)).held < 3 * SPARE


@pytest.mark.parametrize(
    "some", [np.r_[0:10, 30:40, 12], np.arange(0)], ids=["some rows", "of an emptied document none"]
)
def test_a_pass_on_taken_rows_is_one_on_a_context_of_just_these(some):
    """But for the order of sums: where that moves a number over an edge of 8 bits, all that follows
    differs, so most of five contexts have to agree."""
    with Engine(MINI) as engine:
        apart = [_apart(engine, some, seed) for seed in range(5)]
    assert np.median(apart) < 1e-4


def _apart(engine, some, seed):
    """How far a pass on taken rows is from one on a copy of them."""
    backend, allowed = engine.backend, engine.infiller.model.table.allowed
    one = np.zeros((1, 1), int)
    ids = np.random.default_rng(seed).integers(20, 9_000, (1, 40))
    first = Batch(ids, np.arange(40)[None], one, allowed, one, keep=np.arange(40))
    taken = backend.predict(first).context.take(some)
    lazy, copied = (
        backend.predict(
            Batch(
                np.full((1, 4), 2),
                np.arange(16, 20)[None],
                np.arange(4)[None],
                allowed,
                np.zeros((1, 4), int),
                context=of,
                context_position_ids=some[None],
                keep=np.arange(4),
            )
        )
        for of in (taken, OnnxContext(taken.whole()))
    )
    found = [
        (lazy.target_log_probs, copied.target_log_probs),
        *zip(lazy.context.arrays, copied.context.arrays, strict=True),
    ]
    return max(float(np.abs(a - b).max()) for a, b in found)
