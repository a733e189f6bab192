"""A training row by hand: who sees whom, and which label stands where."""

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.network.model import MaskPredictor, init_weights
from training.adaptation.batch import collate
from training.adaptation.config import RowConfig
from training.adaptation.rows import make_row, masked_slots
from training.adaptation.spans import Cut
from training.examples.objective import LossModule
from training.examples.visibility import CLEAN, NOISY, visible

START, GAP, END = 5, 6, 7
MASK, EXPAND, DELETE = 2, 3, 4


@pytest.fixture(scope="module")
def causal(config):
    ids = {"start_token_id": START, "gap_token_id": GAP, "span_end_token_id": END}
    return msgspec.structs.replace(config, context_attention="causal", predicts="next", **ids)


def test_a_row_of_two_spans_is_this_one(causal):
    """Text: 20 21 [30 31] 22 [32] 23, from a document's beginning; one view, wholly masked, of two
    slots a span."""
    config = RowConfig(noisy_views=1, slots=(2,), p_context_labels=1.0)
    row = make_row(
        Cut([[20, 21], [22], [23]], [[30, 31], [32]], True),
        [],
        causal,
        config,
        np.random.default_rng(0),
    )
    # last stretch | first, second without anchors | clean views              | the noisy view
    ids = [GAP, 23, START, 20, GAP, 21, 30, 31, END, 22, 32, END, 21, MASK, MASK, 22, MASK, MASK]
    # The last stretch stands in front; behind the anchor at 4 are 32 reserved places.
    positions = [0, 1, 2, 3, 37, 4, 5, 6, 7, 38, 39, 40, 4, 5, 6, 38, 39, 40]
    segments = [1, 1, 2, 2, 3, *[CLEAN] * 7, *[NOISY] * 6]
    targets = [23, 0, 20, 21, 22, 30, 31, END, 0, 32, END, 0, 30, 31, 0, 32, DELETE, 0]
    causal_weights = [1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, *[0] * 6]
    assert (
        row.ids == ids
        and row.positions == positions
        and row.segments == segments
        and row.targets == targets
    )
    assert row.causal == causal_weights
    assert row.masked == [*[0] * 12, 1, 1, 0, 1, 1, 0]
    sees = visible(torch.tensor([row.segments]))[0].numpy().astype(int)
    context = [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert sees[:5, :5].tolist() == context and not sees[:5, 5:].any()
    assert sees[5:, :5].all()
    assert sees[5:12, 5:12].tolist() == np.tril(np.ones((7, 7), int)).tolist()
    assert not sees[5:12, 12:].any() and not sees[12:, 5:12].any() and sees[12:, 12:].all()


def test_a_span_that_does_not_fit_its_slots_says_that_more_follows(causal):
    slots = masked_slots([30, 31, 32, 33], 3, np.ones(3, bool), causal)
    assert (
        slots.labels == [30, 31, EXPAND] and slots.ids == [MASK] * 3 and slots.weights == [1, 1, 1]
    )


def test_all_superfluous_slots_together_weigh_as_one_token(causal):
    slots = masked_slots([30], 5, np.ones(1, bool), causal)
    assert slots.labels == [30, *[DELETE] * 4] and slots.weights == [1.0, 0.25, 0.25, 0.25, 0.25]


ids = st.lists(st.integers(20, 99), min_size=1, max_size=12)


@given(st.lists(ids, min_size=1, max_size=4), st.integers(0, 1000))
def test_complementary_views_show_what_the_other_masks_and_views_do_not_see_each_other(
    causal, spans, seed
):
    config = RowConfig(noisy_views=4)
    cut = Cut([[50] * 5 for _ in range(len(spans) + 1)], spans, False)
    row = make_row(cut, [[60, 61]], causal, config, np.random.default_rng(seed))
    assert len(row) <= config.length
    views = sorted({s for s in row.segments if s <= NOISY}, reverse=True)
    labelled = {
        v: [
            t
            for t, s, w in zip(row.targets, row.segments, row.masked, strict=True)
            if s == v and w == 1.0 and t > 16
        ]
        for v in views
    }
    if len(views) >= 3:
        hidden = sorted([*labelled[NOISY - 1], *labelled[NOISY - 2]])
        assert hidden == sorted(token for span in spans for token in span)
    sees = visible(torch.tensor([row.segments]))[0]
    segments = torch.tensor(row.segments)
    for view in views:
        seen = sees[segments == view].any(0)
        assert set(segments[seen].tolist()) == {view, *[s for s in row.segments if s > 0]}


def test_the_two_losses_are_means_of_their_own(causal):
    config = RowConfig(noisy_views=2)
    rng = np.random.default_rng(0)
    rows = [
        make_row(Cut([[20] * n, [21]], [[30] * n], True), [], causal, config, rng) for n in (3, 9)
    ]
    batch = collate(rows, 128, autoregressive=0.5)
    noisy = batch.segments <= NOISY
    assert float(batch.weights[noisy].sum()) == pytest.approx(1.0) and float(
        batch.weights[~noisy].sum()
    ) == pytest.approx(0.5)
    assert batch.tokens == sum(map(len, rows))


def test_a_context_without_gradient_changes_no_loss_and_is_learned_nothing_from(causal):
    config = RowConfig(length=128, context=48, views=80, noisy_views=3, train_context=False)
    model = MaskPredictor(causal)
    init_weights(model, torch.Generator().manual_seed(0))
    cuts = [Cut([[20] * n, [21, 22]], [[30] * n], True) for n in (3, 9)]
    rows = [make_row(cut, [[40] * 5], causal, config, np.random.default_rng(3)) for cut in cuts]
    whole, apart = (collate(rows, 128, 0.5, frozen) for frozen in (0, config.context))
    losses, gradients = [], []
    for batch in (whole, apart):
        model.zero_grad()
        losses.append(LossModule(model)(batch))
        losses[-1].backward()
        gradients.append(model.model.blocks[0].v_proj.weight.grad.clone())
    torch.testing.assert_close(*losses)
    assert not torch.allclose(*gradients), "values of the context were learned from"
    assert not (apart.weights[:, : config.context] != 0).any()
    assert (apart.segments[:, : config.context] >= 0).all()
    assert (apart.segments[:, config.context :] <= 0).all()


def test_a_context_that_is_too_long_for_its_columns_is_refused(causal):
    row = make_row(
        Cut([[20] * 9, [21]], [[30]], True), [], causal, RowConfig(), np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match="does not fit 4 columns"):
        collate([row], 64, 0.5, 4)


@given(st.integers(0, 1000))
def test_parts_that_are_as_narrow_as_their_rows_have_the_same_loss(causal, seed):
    rng = np.random.default_rng(seed)
    config = RowConfig(length=128, context=48, views=80, noisy_views=3, train_context=False)
    cuts = [Cut([[50] * int(n), [51] * 3], [[30] * int(n)], False) for n in rng.integers(1, 9, 5)]
    rows = [make_row(cut, [], causal, config, rng) for cut in cuts]
    model = MaskPredictor(causal)
    init_weights(model, torch.Generator().manual_seed(0))
    loss = LossModule(model)
    wide, narrow = (collate(rows, 128, 0.5, frozen=48, narrow=narrow) for narrow in (False, True))
    parts = [narrow.part(part, torch.device("cpu")) for part in (slice(0, 2), slice(2, 5))]
    assert all(part.frozen < 48 and part.input_ids.shape[1] < 128 for part in parts)
    assert max(part.input_ids.shape[1] for part in parts) == parts[-1].input_ids.shape[1]
    whole = loss(wide.part(slice(0, 5), torch.device("cpu"))).item()
    assert sum(loss(part).item() for part in parts) == pytest.approx(whole, rel=1e-4)
