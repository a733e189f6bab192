"""Causal context is exact: whatever was kept, moved or shared, the canvas sees what it would see
from nothing."""

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.backends.interface import Batch
from engine.decoding.caching.cache_plan import FullPass
from engine.decoding.caching.causal_context import CausalContext, causal_part
from engine.decoding.caching.context_store import ContextStore, Kept
from engine.decoding.constraints import constraint_table
from engine.decoding.sampler import encode_context, masked_pass
from tests.engine.causal_models import canvas_of, drive


def predictions(canvas, plan, backend, config):
    allowed = constraint_table(config, config.embedding_rows)
    computed = drive(encode_context(canvas, plan, allowed), backend)
    masked = np.flatnonzero(canvas.ids == config.mask_token_id)
    batch = masked_pass(canvas, plan.view(canvas), masked, allowed)
    return backend.predict(batch).log_probs, computed


texts = st.lists(st.lists(st.integers(16, 60), max_size=12), min_size=2, max_size=4)


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(texts, st.data())
def test_encoded_once_or_all_in_one_pass_predictions_are_the_same(
    backend, causal_config, texts, data
):
    sizes = [data.draw(st.integers(1, 5)) for _ in texts[1:]]
    canvas = canvas_of(texts, sizes, causal_config)
    cached, _ = predictions(canvas, CausalContext(), backend, causal_config)
    whole, _ = predictions(canvas, FullPass(), backend, causal_config)
    assert (
        np.abs(cached - whole).max() < 1e-5
    )  # own positions against positions on the canvas, rotated in fp32


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(texts, min_size=2, max_size=5), st.data())
def test_over_edits_a_session_gives_what_a_fill_from_nothing_gives(
    backend, causal_config, documents, data
):
    contexts = ContextStore()
    for document in documents:
        sizes = [data.draw(st.integers(1, 4)) for _ in document[1:]]
        canvas = canvas_of(document, sizes, causal_config)
        kept, _ = predictions(canvas, CausalContext(contexts, "a"), backend, causal_config)
        fresh, _ = predictions(canvas, CausalContext(), backend, causal_config)
        assert np.abs(kept - fresh).max() < 1e-9


def test_typing_at_the_end_of_a_stretch_costs_the_old_anchor_and_what_was_typed(
    backend, causal_config
):
    contexts, before, after = ContextStore(), list(range(20, 40)), list(range(30, 50))
    predictions(
        canvas_of([before, after], [4], causal_config),
        CausalContext(contexts, "a"),
        backend,
        causal_config,
    )
    typed = canvas_of([[*before, 50, 51], after], [4], causal_config)
    _, computed = predictions(typed, CausalContext(contexts, "a"), backend, causal_config)
    assert computed == 2  # the old anchor and the first new token; the second is the anchor now
    unchanged, computed = predictions(typed, CausalContext(contexts, "a"), backend, causal_config)
    assert computed == 0 and np.isfinite(unchanged).all()


def test_an_edit_leaves_other_stretches_and_what_stands_before_it_alone(backend, causal_config):
    contexts, before, after = ContextStore(), list(range(20, 40)), list(range(30, 50))
    predictions(
        canvas_of([before, after], [4], causal_config),
        CausalContext(contexts, "a"),
        backend,
        causal_config,
    )
    changed = [*after[:15], 60, *after[16:]]
    _, computed = predictions(
        canvas_of([before, changed], [4], causal_config),
        CausalContext(contexts, "a"),
        backend,
        causal_config,
    )
    assert computed == 5


def test_a_stretch_is_read_from_left_to_right_and_knows_no_other_one(backend, causal_config):
    """What is kept of a stretch does not change with what stands behind it or in another
    stretch."""
    allowed = constraint_table(causal_config, causal_config.embedding_rows)

    def keys(texts):
        plan = CausalContext()
        drive(encode_context(canvas_of(texts, [2], causal_config), plan, allowed), backend)
        return plan.context.keys[-1][0].numpy()

    one, other = keys([[20, 21, 22, 23], [30, 31]]), keys([[20, 21, 22, 40], [50, 31]])
    assert np.allclose(one[:, :, :4], other[:, :, :4], atol=1e-12)
    assert not np.allclose(one[:, :, 4:], other[:, :, 4:])


def test_slots_keep_their_distance_to_the_context_whatever_their_number(causal_config):
    short, long = (canvas_of([[20, 21], [30]], [size], causal_config) for size in (2, 9))
    assert short.positions.tolist() == [2, 3, 4, 5, 6, 0, 1]
    assert long.positions[:3].tolist() == short.positions[:3].tolist() and long.positions[
        -2:
    ].tolist() == [0, 1]
    between = canvas_of([[20], [30], [40]], [3, 2], causal_config)
    # The last stretch stands in front; 32 places are kept free behind the anchor at 3.
    assert between.positions.tolist() == [2, 3, 4, 5, 6, 36, 37, 38, 39, 0, 1]


@given(
    st.lists(st.lists(st.integers(1, 3), max_size=8), min_size=1, max_size=3),
    st.lists(st.lists(st.integers(1, 3), max_size=8), min_size=1, max_size=3),
)
def test_what_is_reused_has_the_tokens_and_all_that_stands_before_them(old, new):
    def flat(texts):
        ids = np.array([token for text in texts for token in text], np.int64)
        return ids, np.repeat(np.arange(1, len(texts) + 1), [len(text) for text in texts])

    from engine.backends.fake import FakeContext

    order = np.random.default_rng(0).permutation(sum(map(len, old)))
    kept = Kept(*flat(old), order, FakeContext(flat(old)[0][order][None]))
    ids, stretches = flat(new)
    part = causal_part(kept, ids, stretches)
    assert sorted([*part.reused, *part.active]) == list(range(len(ids)))
    if part.context is not None:
        assert part.context.ids[0].tolist() == ids[part.reused].tolist()
    for token in part.reused:
        first = int(np.searchsorted(stretches, stretches[token]))
        assert set(range(first, token)) <= set(part.reused.tolist())


def test_requests_of_different_lengths_share_a_pass(backend, causal_config):
    from engine.backends.collation import collate, split

    allowed = constraint_table(causal_config, causal_config.embedding_rows)
    batches: list[Batch] = []
    for texts, sizes in (([[20, 21, 22], [30]], [3]), ([[25] * 9, [31, 32, 33, 34]], [5])):
        canvas, plan = canvas_of(texts, sizes, causal_config), CausalContext()
        drive(encode_context(canvas, plan, allowed), backend)
        batches.append(
            masked_pass(canvas, plan.view(canvas), canvas.masked(np.array([0])), allowed)
        )
    together = split(backend.predict(collate(batches, backend.join)), batches)
    for batch, shared in zip(batches, together, strict=True):
        assert np.abs(backend.predict(batch).log_probs - shared.log_probs).max() < 1e-9
