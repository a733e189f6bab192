"""Spans of unknown length: superfluous masks go, guards hold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.fake import FakeBackend
from engine.decoding.caching.make_plan import make_plan
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import constraint_table
from engine.decoding.length_control import Lengths, SpanLength
from engine.decoding.sampler import Rules, denoise
from engine.decoding.transfer_rules import Threshold
from tests.engine.decoding.test_sampler import DELETE, EXPAND, MASK, run


def filled(config, score, masks, spans, steps=16):
    ids, groups = [100], [CONTEXT]
    for group, count in enumerate(masks):
        ids += [MASK] * count + [101]
        groups += [group] * count + [CONTEXT]
    canvas = Canvas(ids, groups, MASK)
    backend = FakeBackend(score)
    lengths = Lengths(spans, EXPAND, DELETE)
    rules = Rules(steps, transfer=Threshold(0.9), at_least_schedule=True)
    run(
        denoise(
            canvas,
            [list(range(len(masks)))],
            make_plan("hidden"),
            constraint_table(config, 512),
            rules,
            lengths,
        ),
        backend,
    )
    return canvas, backend


def peak(token, height=30.0):
    def score(ids, positions, index):
        logits = np.zeros(512)
        logits[40], logits[token] = 10.0, height
        return logits

    return score


def test_masks_that_the_model_finds_superfluous_go_at_once(config):
    def score(ids, positions, index):
        logits = np.zeros(512)
        logits[40 if index < 3 else DELETE] = 30.0
        return logits

    canvas, backend = filled(config, score, [12], [SpanLength(exact=False, max_tokens=32)])
    assert canvas.ids[canvas.places(0)].tolist() == [40, 40, 40]
    assert len(backend.batches) == 2  # the context, one step


def test_a_span_never_becomes_empty(config):
    canvas, _ = filled(config, peak(DELETE), [6, 4], [SpanLength(False, 32), SpanLength(False, 32)])
    assert len(canvas.places(0)) == 1 and len(canvas.places(1)) == 1
    assert not np.isin(canvas.ids, [MASK, EXPAND, DELETE]).any()


def test_a_span_never_grows_beyond_its_maximum(config):
    canvas, _ = filled(config, peak(EXPAND), [2], [SpanLength(exact=False, max_tokens=7)])
    assert len(canvas.places(0)) == 7
    assert not np.isin(canvas.ids, [MASK, EXPAND, DELETE]).any()


def test_an_exact_length_is_kept_whatever_the_model_wants(config):
    for token in (EXPAND, DELETE):
        canvas, _ = filled(config, peak(token), [5], [SpanLength(exact=True, max_tokens=5)])
        assert len(canvas.places(0)) == 5


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 10), min_size=1, max_size=4))
def test_any_model_ends_with_text_only_within_the_bounds(config, seed, masks):
    rng = np.random.default_rng(seed)

    def score(ids, positions, index):
        logits = rng.normal(0, 3, 512)
        logits[[EXPAND, DELETE]] += 4
        return logits

    spans = [SpanLength(exact=False, max_tokens=12) for _ in masks]
    canvas, _ = filled(config, score, masks, spans, steps=6)
    for group in range(len(masks)):
        assert 1 <= len(canvas.places(group)) <= 12
    answer = canvas.ids[canvas.groups != CONTEXT]
    assert not np.isin(answer, range(16)).any()
    assert canvas.ids[canvas.context()].tolist() == [100] + [101] * len(masks)


def test_slots_that_are_about_to_go_do_not_hurry_the_others(config):
    """16 slots of which 12 are superfluous: four tokens in four steps, not 16 slots in four."""

    def score(ids, positions, index):
        logits = np.zeros(512)
        logits[DELETE if positions[index] >= 4 else 50] = 12.0 if positions[index] >= 4 else 2.0
        return logits

    written = []
    canvas = Canvas([MASK] * 16, [0] * 16, MASK)
    lengths = Lengths([SpanLength(False, 32)], EXPAND, DELETE)
    rules = Rules(
        4,
        transfer=Threshold(0.99),
        at_least_schedule=True,
        on_step=lambda c, step: written.append(int((c.ids == 50).sum())),
    )
    run(
        denoise(canvas, [[0]], make_plan("none"), constraint_table(config, 512), rules, lengths),
        FakeBackend(score),
    )
    assert written == [0, 2, 3, 4] and len(canvas) == 4  # the first step only deletes
