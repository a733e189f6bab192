"""Calibration: confidence becomes the share of exact answers, and is kept with the model."""

import json
import shutil

import msgspec
import numpy as np
import pytest

from benchmarks.fitting.calibrate import (
    Way,
    best_way,
    expected_error,
    fit,
    length_bias,
    other_ways,
    ways_of,
)
from benchmarks.fitting.decoding_rules import UNBOUNDED
from benchmarks.infill_cases import Case
from engine import Engine
from engine.backends.fake import FakeBackend
from engine.network.calibration import DEFAULT_STEPS, PROBED_LENGTHS, Calibration, read_calibration
from tests.conftest import MINI
from tests.lacuna.test_cli import lacuna, refused


@pytest.fixture
def causal_engine(config, tokenizer):
    causal = msgspec.structs.replace(
        config, context_attention="causal", predicts="next", start_token_id=13, gap_token_id=14,
        span_end_token_id=15,
    )  # fmt: skip
    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with Engine.with_backend(causal, tokenizer, backend) as engine:
        yield engine


def test_the_fit_lowers_the_error_on_cases_it_did_not_see():
    rng = np.random.default_rng(0)
    own = rng.random(3000)
    right = (rng.random(3000) < own**3).astype(float)
    calibration, figures = fit(own, right, Way(8))
    assert figures["ece_after"] < 0.04 < 0.2 < figures["ece_before"]
    assert calibration.calibrated(0.3) < 0.1 < 0.6 < calibration.calibrated(0.97)


ALONE = Way(16, "one_at_a_time")


def test_from_the_left_is_chosen_where_it_is_right_more_often_than_the_quickest_masks():
    masks = {Way(UNBOUNDED): 0.30, Way(16): 0.298, Way(8): 0.20}
    assert best_way(masks) == Way(16)
    assert best_way(masks | {ALONE: 0.40}) == ALONE
    assert best_way(masks | {ALONE: 0.30}) == Way(16), "it is no better, and slower"
    assert best_way({ALONE: 0.1}) == ALONE
    ranked = Way(16, "reranked")
    assert best_way(masks | {ALONE: 0.40, ranked: 0.45}) == ranked
    calibration, _ = fit(np.linspace(0, 1, 40), np.ones(40), ALONE)
    assert calibration.order == "one_at_a_time" and calibration.steps == 16


def test_only_models_with_causal_context_write_from_the_left(config, tokenizer):
    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with Engine.with_backend(config, tokenizer, backend) as engine:
        assert not any(way.order != "together" for way in ways_of(engine, "auto"))
        with pytest.raises(ValueError, match="leave out --order"):
            ways_of(engine, "one_at_a_time")
        with pytest.raises(ValueError, match="--order backwards is not one of"):
            ways_of(engine, "backwards")


def test_a_curve_is_fitted_for_every_order_a_span_may_need(causal_engine):
    ranked = Way(DEFAULT_STEPS, "reranked")
    assert {way.order for way in other_ways(causal_engine, ranked)} == {"together", "one_at_a_time"}
    fast = Way(8)
    assert {way.order for way in other_ways(causal_engine, fast)} == {"one_at_a_time", "reranked"}


def test_the_error_of_a_perfect_confidence_is_none():
    right = np.array([0.0, 1.0] * 50)
    assert expected_error(right, right) == 0.0 and expected_error(np.full(100, 0.5), right) == 0.0


def test_the_bias_is_the_certainty_at_lengths_that_are_wrong(config, tokenizer):
    plain = msgspec.structs.replace(
        config, expand_token_id=None, delete_token_id=None, context_attention="full"
    )
    logits = np.zeros(512)
    logits[60] = 4.0
    with Engine.with_backend(
        plain, tokenizer, FakeBackend(lambda ids, positions, index: logits)
    ) as engine:
        bias = length_bias(engine, [Case("a = 12345678\n", 4, 12, "g")])
    true = len(tokenizer.encode("12345678"))
    assert set(bias) == {n for n in PROBED_LENGTHS if n == 1 or abs(n - true) >= 4}
    assert max(bias.values()) - min(bias.values()) < 1e-3


@pytest.mark.slow
def test_the_command_writes_into_the_model_folder_and_draws(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(MINI, model)
    (model / "calibration.json").unlink(missing_ok=True)
    text = "def area(width, height):\n    total = width * height\n    return total\n" * 6
    rows = "".join(
        json.dumps({"text": text, "source": f"p{i}", "path": "a.py"}) + "\n" for i in range(12)
    )
    (tmp_path / "val.jsonl").write_text(rows)
    arguments = ("--cases", "120", "--model", model, "--plot", tmp_path / "plot.svg")
    status, out, err = lacuna("eval", "calibrate", tmp_path / "val.jsonl", *arguments)
    assert status == 0, err
    assert json.loads(out.splitlines()[-1])["cases"] == 120 and (
        tmp_path / "plot.svg"
    ).read_text().startswith("<?xml")
    assert read_calibration(model) != Calibration()
    assert "too few" in refused("eval", "calibrate", tmp_path / "val.jsonl", "--cases", "20")
