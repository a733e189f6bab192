"""Calibration: confidence becomes the share of exact answers, and is kept with the model."""

import json
import shutil

import msgspec
import numpy as np
import pytest

from benchmarks.fitting.calibrate import expected_error, fit, length_bias
from benchmarks.infill_cases import Case
from engine import Engine
from engine.backends.fake import FakeBackend
from engine.infill.calibration import PROBED_LENGTHS, Calibration, read_calibration
from tests.conftest import MINI
from tests.lacuna.test_cli import lacuna, refused


def test_the_fit_lowers_the_error_on_cases_it_did_not_see():
    rng = np.random.default_rng(0)
    own = rng.random(3000)
    right = (rng.random(3000) < own**3).astype(float)
    calibration, figures = fit(own, right, 8)
    assert figures["ece_after"] < 0.04 < 0.2 < figures["ece_before"]
    assert calibration.calibrated(0.3) < 0.1 < 0.6 < calibration.calibrated(0.97)


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
