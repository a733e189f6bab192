"""Which predictions are final: every rule ends a fill, keeps what it promises and remembers only its own fill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.fake import FakeBackend
from engine.decoding.transfer_rules import RULES, Step, parse_rule
from engine.request.rule_option import RULE_NAMES


def step(confidence, slots=None, second=0.0, places=None, token=7):
    """A step whose places are so confident of one token; ``second`` is the probability of the next one."""
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


@given(st.sampled_from(sorted(RULES)), st.lists(st.floats(0.01, 1), min_size=1, max_size=20), st.floats(0.05, 1))
def test_every_rule_transfers_the_best_and_nothing_unseen(name, confidence, value):
    rule = parse_rule(f"{name}={value}")
    for _ in range(3):
        chosen = rule(step(confidence))
        assert chosen.shape == (len(confidence),) and chosen[int(np.argmax(confidence))]


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=20), st.floats(0.05, 1))
def test_a_threshold_transfers_just_what_is_above_it(confidence, value):
    chosen = parse_rule(f"threshold={value}")(step(confidence))
    assert chosen.sum() == max(1, sum(c >= value for c in confidence))


def test_a_factor_takes_more_places_only_while_all_of_them_are_surer():
    assert parse_rule("factor=0.5")(step([0.9, 0.9, 0.9, 0.5])).tolist() == [True, True, True, False]
    assert parse_rule("factor=0.31")(step([0.9, 0.9, 0.9, 0.5])).sum() == 2


def test_an_entropy_bound_spends_its_nats_on_the_surest():
    confidence = [np.exp(-0.05), np.exp(-0.06), np.exp(-0.2), np.exp(-2.0)]
    assert parse_rule("entropy=0.1")(step(confidence)).tolist() == [True, True, False, False]
    assert parse_rule("entropy=0.12")(step(confidence)).tolist() == [True, True, True, False]


def test_each_run_of_masks_may_transfer_its_best():
    found = parse_rule("hierarchical=0.9")(step([0.7, 0.65, 0.64, 0.5], places=[3, 4, 8, 12]))
    assert found.tolist() == [True, False, True, False]


def test_neighbours_of_a_sure_place_need_less():
    found = parse_rule("local=0.9")(step([0.95, 0.8, 0.8], places=[0, 3, 9]))
    assert found.tolist() == [True, True, False]


def test_a_token_that_stays_the_best_earns_credit_and_a_new_one_does_not():
    rule = parse_rule("credit=0.9")
    steps = [rule(step([0.99, 0.8], second=0.05)) for _ in range(4)]
    assert not steps[0][1] and steps[-1][1]
    assert not rule(step([0.99, 0.8], second=0.05, token=20))[1]
    assert not parse_rule("credit=0.9")(step([0.99, 0.8], second=0.05))[1]


def test_a_prediction_must_have_settled():
    rule = parse_rule("stable=0.6")
    assert rule(step([0.7, 0.8], slots=[4, 9])).tolist() == [False, True]
    assert rule(step([0.7, 0.95], slots=[4, 9])).tolist() == [True, True]
    assert rule(step([0.99, 0.9], slots=[4, 12])).tolist() == [True, False]


@pytest.mark.parametrize("text", ["", "threshold", "threshold=", "threshold=x", "threshold=-1", "speed=1", "factor=0"])
def test_what_is_no_rule_is_refused_with_the_names_there_are(text):
    with pytest.raises(ValueError, match="hierarchical"):
        parse_rule(text)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_fill_ends_under_every_rule(config, tokenizer, name):
    random = np.random.default_rng(0)
    with Engine.with_backend(config, tokenizer, FakeBackend(lambda ids, at, k: random.normal(0, 4, 512))) as engine:
        request = FillRequest(text="x = \n", spans=(Span(start=4, end=4),), sampler=SamplerOptions(rule=f"{name}=0.5"))
        assert engine.fill(request).spans[0].text


def test_doubtful_tokens_are_written_anew_once_the_rest_stands(config, tokenizer):
    seen = []

    def scores(ids, positions, index):
        seen.append(ids.copy())
        return np.where(np.arange(512) == 300 + len(seen) % 7, 3.0, 0.0)

    def passes(revise):
        seen.clear()
        with Engine.with_backend(config, tokenizer, FakeBackend(scores)) as engine:
            sampler = SamplerOptions(revise=revise, steps=4)
            return engine.fill(FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=4),), sampler=sampler)).nfe

    assert passes(0.5) > passes(0.0) == passes(1e-9)


def test_what_may_be_asked_is_what_there_is():
    assert tuple(RULES) == RULE_NAMES
