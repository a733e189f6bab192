"""Model folders: what is saved is loaded, damage is named."""

import json

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.model import MaskPredictor, init_weights


@pytest.fixture
def folder(config, tmp_path):
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_model_is_the_same_model(config, folder):
    again = load_checkpoint(folder)
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    ids = torch.arange(16, 40)[None]
    torch.testing.assert_close(again(ids), model(ids).detach())


def test_shards_with_an_index_load_like_one_file(folder, tmp_path):
    state = load_file(folder / "model.safetensors")
    names = sorted(state)
    halves = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    sharded = tmp_path / "sharded"
    sharded.mkdir()
    (sharded / "config.json").write_text((folder / "config.json").read_text())
    for file, part in halves.items():
        save_file({n: state[n] for n in part}, sharded / file)
    index = {"weight_map": {n: file for file, part in halves.items() for n in part}}
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index))
    ids = torch.arange(16, 40)[None]
    torch.testing.assert_close(load_checkpoint(sharded)(ids), load_checkpoint(folder)(ids))
    (sharded / "model-2.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"shard model-2\.safetensors .* is missing"):
        load_checkpoint(sharded)


def test_a_truncated_file_is_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cut short"):
        load_checkpoint(folder)


def test_weights_of_another_model_are_named(config, folder):
    raw = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(raw | {"mlp_hidden_size": 96}))
    with pytest.raises(CheckpointError, match="belong to different models"):
        load_checkpoint(folder)
    (folder / "config.json").write_text(json.dumps(raw | {"n_layers": 3}))
    with pytest.raises(CheckpointError, match="has no tensor"):
        load_checkpoint(folder)
    (folder / "config.json").write_text(json.dumps(raw | {"n_layers": 1}))
    with pytest.raises(CheckpointError, match="unknown tensor"):
        load_checkpoint(folder)


def test_an_untied_head_and_biases_are_honoured(config, tmp_path):
    other = msgspec.structs.replace(config, weight_tying=False, include_qkv_bias=True)
    model = MaskPredictor(other)
    init_weights(model, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("bias"):
                value.normal_(generator=torch.Generator().manual_seed(1))
    save_checkpoint(model, tmp_path / "biased")
    ids = torch.arange(16, 40)[None]
    torch.testing.assert_close(load_checkpoint(tmp_path / "biased")(ids), model(ids).detach())


def test_the_bundled_int8_model_can_be_trained_on_and_saved_as_a_plain_checkpoint(
    bundled, tmp_path
):
    model = load_checkpoint(bundled)
    save_checkpoint(model, tmp_path / "plain", bundled / "tokenizer.json")
    again = load_checkpoint(tmp_path / "plain")
    assert again.config.weights_precision == "float"
    ids = torch.arange(16, 60)[None]
    torch.testing.assert_close(again(ids), model(ids))
