"""``lacuna export check``: an artefact is whole and the same model, or one sentence says what is
wrong."""

import shutil

import pytest
import torch

from engine import MINI
from engine.base.errors import CheckpointError
from export.parity import check_files, compare, shortfalls
from tests.lacuna.test_cli import refused


@pytest.mark.slow
def test_a_float_artefact_is_the_same_model_and_a_changed_one_is_not(
    config, tokenizer_file, tmp_path
):

    from engine.network.checkpoint import save_checkpoint
    from engine.network.model import MaskPredictor, init_weights
    from export.onnx_export import export_onnx

    model = MaskPredictor(config)
    for seed, name in ((0, "one"), (1, "other")):
        init_weights(model, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            for value in model.parameters():
                value.mul_(4.0 if value.dim() > 1 else 1.0)
        save_checkpoint(model, tmp_path / name, tokenizer_file)
    export_onnx(tmp_path / "one", tmp_path / "artefact", "float")
    check_files(tmp_path / "artefact")
    same = compare(tmp_path / "artefact", tmp_path / "one", 4, ["x = 1\ny = 2\n" * 5], 0)
    assert (
        same["max_log_prob_difference"] < 1e-4
        and same["same_fills"] == 1.0
        and not shortfalls(same)
    )
    other = compare(tmp_path / "artefact", tmp_path / "other", 4, [], 0)
    assert "max_log_prob_difference" in shortfalls(other)[0]


def test_the_bundled_int8_model_agrees_with_its_own_weights_in_torch():
    report = compare(MINI, None, 8, [], 0)
    assert report["precision"] == "int8" and report["top1_agreement"] > 0.9


OTHER_DAMAGE = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("gone", "foreign", "no manifest")
]


@pytest.mark.parametrize("damage", ["cut", *OTHER_DAMAGE])
def test_a_damaged_artefact_is_told_in_one_sentence(tmp_path, damage):
    folder = tmp_path / "model"
    shutil.copytree(MINI, folder)
    weights = folder / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif damage == "gone":
        weights.unlink()
    elif damage == "foreign":
        (folder / "tokenizer.json").write_text("{}")
    else:
        (folder / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match="again|not what"):
        check_files(folder)
    assert refused("export", "check", str(folder)).count("\n") == 1
