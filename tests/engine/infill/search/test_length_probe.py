"""Spans of unknown length for models without control tokens: the probe finds the length that
fits."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fitting.calibrate import rising
from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from engine.base.errors import CheckpointError
from engine.infill.search.length_probe import candidate_lengths
from engine.network.calibration import Calibration, read_calibration, write_calibration
from tests.engine.request.test_span_rules import any_model

TEXT = "ab cd\nef gh\n"


@pytest.fixture(scope="module")
def plain(config):
    """A model like the public ones: no control tokens, no hidden context."""
    return msgspec.structs.replace(
        config, expand_token_id=None, delete_token_id=None, context_attention="full"
    )


def sure_at(lengths, mask_id):
    """Sure of every token where each run of masks has its length, unsure elsewhere."""

    def score(ids, positions, index):
        runs, count = [], 0
        for i in [*ids.tolist(), -1]:
            if i in (mask_id, 60):
                count += 1
            elif count:
                runs.append(count)
                count = 0
        logits = np.zeros(512)
        logits[60] = 14.0 if runs == lengths else 5.0
        return logits

    return score


def test_candidate_lengths_hold_the_bounds():
    assert candidate_lengths(1, 10) == [1, 2, 3, 4, 6, 8, 10] and candidate_lengths(5, 5) == [5]


@pytest.mark.parametrize("length", [1, 3, 6, 12])
def test_the_length_that_fits_is_taken(plain, tokenizer, length):
    with Engine.with_backend(
        plain, tokenizer, FakeBackend(sure_at([length], plain.mask_token_id))
    ) as engine:
        found = engine.fill(
            FillRequest(text="ab cd\n\nef gh\n", spans=(Span(start=6, end=6, max_tokens=16),))
        )
    assert found.spans[0].tokens == length
    assert engine.backend.batches[0].input_ids.shape[0] > 3  # one pass for all lengths


def test_several_spans_find_their_lengths_one_after_another(plain, tokenizer):
    def score(ids, positions, index):
        masks = [i for i, token in enumerate(ids) if token in (plain.mask_token_id, 60)]
        first = [i for i in masks if i < 8]
        logits = np.zeros(512)
        logits[60] = 3.0 + 4.0 * (len(first) == 2) + 4.0 * (len(masks) - len(first) == 3)
        return logits

    spans = (Span(start=0, end=0, max_tokens=4), Span(start=13, end=13, max_tokens=8))
    with Engine.with_backend(plain, tokenizer, FakeBackend(score)) as engine:
        found = engine.fill(FillRequest(text="\n" + TEXT, spans=spans))
    assert [span.tokens for span in found.spans] == [2, 3]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 10), st.booleans())
def test_any_model_keeps_bounds_pins_and_ties(plain, tokenizer, seed, least, more, named):
    bounds = {"min_tokens": least, "max_tokens": least + more, "name": "x" if named else None}
    spans = (Span(start=0, end=0, **bounds), Span(start=9, end=9, **bounds))
    with Engine.with_backend(plain, tokenizer, any_model(seed)) as engine:
        first, second = engine.fill(FillRequest(text=TEXT, spans=spans)).spans
        pinned = engine.fill(
            FillRequest(text=TEXT, spans=(Span(start=6, end=6, max_tokens=12, pins=("cd",)),))
        )
    assert least <= first.tokens <= least + more and (not named or first.text == second.text)
    assert "cd" in pinned.spans[0].text


def test_confidence_is_mapped_to_what_was_measured(plain, tokenizer):
    calibration = Calibration(confidence=((0.2, 0.0), (0.6, 0.1), (0.9, 0.5)))
    assert [calibration.calibrated(x) for x in (0.0, 0.4, 0.75, 1.0)] == pytest.approx(
        [0.0, 0.05, 0.3, 0.5]
    )
    assert Calibration().calibrated(0.4) == 0.4


def test_each_order_of_writing_has_its_own_curve():
    half, tenth = ((0.0, 0.0), (1.0, 0.5)), ((0.0, 0.0), (1.0, 0.1))
    calibration = Calibration(
        confidence=half, order="reranked", other_orders={"one_at_a_time": tenth}
    )
    assert calibration.calibrated(0.8) == calibration.calibrated(0.8, "reranked") == 0.4
    assert calibration.calibrated(0.8, "one_at_a_time") == pytest.approx(0.08)
    assert calibration.calibrated(0.8, "together") == 0.4, "it was not measured"
    with pytest.raises(ValueError, match="not a probability"):
        Calibration(other_orders={"together": ((0.5, 2.0),)})


def test_the_fit_rises_and_has_the_mean_of_the_data():
    rng = np.random.default_rng(0)
    own = rng.random(4000)
    right = rng.random(4000) < own**2
    fit = rising(own, right.astype(float))
    xs, ys = zip(*fit, strict=True)
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys)
    assert np.abs(np.interp(own, xs, ys) - own**2).mean() < 0.05


def test_a_calibration_is_kept_beside_the_model_and_a_damaged_one_refused(tmp_path):
    calibration = Calibration(confidence=((0.1, 0.2),), length_bias={1: 0.5, 8: 0.3})
    write_calibration(calibration, tmp_path)
    assert read_calibration(tmp_path) == calibration and calibration.bias(4) == pytest.approx(
        0.5 - 0.2 * 3 / 7
    )
    (tmp_path / "calibration.json").write_text("{")
    with pytest.raises(CheckpointError, match="eval calibrate"):
        read_calibration(tmp_path)
