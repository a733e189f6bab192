"""Weights between a parent's and a run's."""

import msgspec
import pytest
import torch

from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from lacuna.commands.train import mix as mix_command
from lacuna.errors import UserError
from training.adaptation.mix import mix
from training.convert.parent import EMBEDDING

CONTROL = {"start_token_id": 5, "gap_token_id": 6, "span_end_token_id": 7}


@pytest.fixture
def checkpoints(config, tmp_path):
    causal = msgspec.structs.replace(config, context_attention="causal", predicts="next", **CONTROL)
    (tmp_path / "tokenizer.json").write_text("{}")
    folders = []
    for seed in (1, 2):
        model = MaskPredictor(causal)
        init_weights(model, torch.Generator().manual_seed(seed))
        folders.append(tmp_path / f"checkpoint-{seed}")
        save_checkpoint(model, folders[-1], tmp_path / "tokenizer.json")
    return folders


def weights(folder):
    return load_checkpoint(folder, torch.float32).state_dict()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between_but_control_tokens_are_those_of_the_run(
    checkpoints, tmp_path, share
):
    parent, trained = checkpoints
    mix(parent, trained, share, tmp_path / "out")
    first, second, mixed = weights(parent), weights(trained), weights(tmp_path / "out")
    for name, value in mixed.items():
        expected = first[name] + share * (second[name] - first[name])
        if name == EMBEDDING:
            expected[list(CONTROL.values())] = second[name][list(CONTROL.values())]
            expected[[2, 3, 4]] = value[[2, 3, 4]]  # mask, expand and delete, where there are any
        assert torch.allclose(value, expected, atol=1e-6), name
    assert (tmp_path / "out" / "tokenizer.json").read_text() == "{}"


def test_a_share_beyond_both_is_refused_in_one_sentence(checkpoints, tmp_path):
    with pytest.raises(UserError, match=r"^The share 1.5 is not between 0, the parent, and 1"):
        mix_command(*checkpoints, 1.5, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_checkpoints_of_two_shapes_are_refused(checkpoints, config, tmp_path):
    other = MaskPredictor(config)
    save_checkpoint(other, tmp_path / "other", tmp_path / "tokenizer.json")
    with pytest.raises(ValueError, match="not of one shape"):
        mix(checkpoints[0], tmp_path / "other", 0.5, tmp_path / "out")
