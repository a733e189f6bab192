"""Which predictions are final: every rule ends a fill, keeps what it promises and remembers only
its own fill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fitting.changed_model import changed
from benchmarks.fitting.published_rules import RULES, rule_factory
from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from engine.decoding.transfer_rules import Step


def step(confidence, slots=None, second=0.0, places=None, token=7):
    """A step whose places are so confident of one token; ``second`` is the probability of the next
    one."""
    best = np.array(confidence, float)
    probs = np.stack((best, np.full(len(best), second)), axis=1)
    return Step(
        slots=np.arange(len(best)) if slots is None else np.array(slots),
        places=np.arange(len(best)) if places is None else np.array(places),
        confidence=best,
        token_ids=np.tile([token, token + 1], (len(best), 1)),
        log_probs=np.log(np.maximum(probs, 1e-9)).astype(np.float32),
        entropy=-np.log(np.maximum(best, 1e-9)).astype(np.float32),
    )


def _rule(text):
    return rule_factory(text)()


@given(
    st.sampled_from(sorted(RULES)),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=20),
    st.floats(0.05, 1),
)
def test_every_rule_transfers_the_best_and_nothing_unseen(name, confidence, value):
    rule = _rule(f"{name}={value}")
    for _ in range(3):
        chosen = rule(step(confidence))
        assert chosen.shape == (len(confidence),) and chosen[int(np.argmax(confidence))]


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=20), st.floats(0.05, 1))
def test_a_threshold_transfers_just_what_is_above_it(confidence, value):
    chosen = _rule(f"threshold={value}")(step(confidence))
    assert chosen.sum() == max(1, sum(c >= value for c in confidence))


def test_a_factor_takes_more_places_only_while_all_of_them_are_surer():
    assert _rule("factor=0.5")(step([0.9, 0.9, 0.9, 0.5])).tolist() == [True, True, True, False]
    assert _rule("factor=0.31")(step([0.9, 0.9, 0.9, 0.5])).sum() == 2


def test_an_entropy_bound_spends_its_nats_on_the_surest():
    confidence = [np.exp(-0.05), np.exp(-0.06), np.exp(-0.2), np.exp(-2.0)]
    assert _rule("entropy=0.1")(step(confidence)).tolist() == [True, True, False, False]
    assert _rule("entropy=0.12")(step(confidence)).tolist() == [True, True, True, False]


def test_each_run_of_masks_may_transfer_its_best():
    found = _rule("hierarchical=0.9")(step([0.7, 0.65, 0.64, 0.5], places=[3, 4, 8, 12]))
    assert found.tolist() == [True, False, True, False]


def test_neighbours_of_a_sure_place_need_less():
    found = _rule("local=0.9")(step([0.95, 0.8, 0.8], places=[0, 3, 9]))
    assert found.tolist() == [True, True, False]


def test_a_token_that_stays_the_best_earns_credit_and_a_new_one_does_not():
    rule = _rule("credit=0.9")
    steps = [rule(step([0.99, 0.8], second=0.05)) for _ in range(4)]
    assert not steps[0][1] and steps[-1][1]
    assert not rule(step([0.99, 0.8], second=0.05, token=20))[1]
    assert not _rule("credit=0.9")(step([0.99, 0.8], second=0.05))[1]


def test_a_prediction_must_have_settled():
    rule = _rule("stable=0.6")
    assert rule(step([0.7, 0.8], slots=[4, 9])).tolist() == [False, True]
    assert rule(step([0.7, 0.95], slots=[4, 9])).tolist() == [True, True]
    assert rule(step([0.99, 0.9], slots=[4, 12])).tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["", "threshold", "threshold=", "threshold=x", "threshold=-1", "speed=1", "factor=0"]
)
def test_what_is_no_rule_is_refused_with_the_names_there_are(text):
    with pytest.raises(ValueError, match="hierarchical"):
        _rule(text)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_fill_ends_under_every_rule(config, tokenizer, name):
    random = np.random.default_rng(0)
    new_rule = rule_factory(f"{name}=0.5")
    with Engine.with_backend(
        config, tokenizer, FakeBackend(lambda ids, at, k: random.normal(0, 4, 512))
    ) as engine:
        with changed(engine, transfer=lambda options: new_rule()):
            assert (
                engine.fill(FillRequest(text="x = \n", spans=(Span(start=4, end=4),))).spans[0].text
            )
