"""Checkpoints in the layout of LLaDA-8B, LLaDA-1.5 and iLLaDA-8B: few layers, random weights,
several shards."""

import json

import pytest
import torch
from safetensors.torch import save_file

from engine import Engine
from engine.base.errors import CheckpointError, RequestRejected
from engine.llada.generate import GenerateRequest
from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import parse_model_config
from engine.network.model import MaskPredictor, init_weights
from tests.engine.network.test_model_config import LLADA_8B
from tests.lacuna.test_cli import refused

SMALL = LLADA_8B | {
    "d_model": 128,
    "n_layers": 2,
    "n_heads": 4,
    "n_kv_heads": 4,
    "mlp_hidden_size": 192,
}
LAYOUTS = {
    "multi-head": {},
    "grouped queries": {"n_kv_heads": 2},
    "multi-query": {"multi_query_attention": True, "n_kv_heads": None},
    "query biases": {"include_qkv_bias": True},
    "all biases": {"include_bias": True},
    "tied": {"weight_tying": True},
}


def write_shards(folder, raw, shards=3, dtype=torch.bfloat16):
    """A public-looking checkpoint; returns its model."""
    model = MaskPredictor(parse_model_config(raw))
    init_weights(model, torch.Generator().manual_seed(0))
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    state = model.state_dict()
    folder.mkdir()
    weight_map = {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = {name: state[name].contiguous() for name in sorted(state)[i::shards]}
        save_file(part, folder / file)
        weight_map |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map})
    )
    (folder / "config.json").write_text(json.dumps(raw))
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_sharded_checkpoint_computes_what_its_weights_say(name, tmp_path):
    model = write_shards(tmp_path / "model", SMALL | LAYOUTS[name])
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.model.embedding.dtype == torch.bfloat16
    ids = torch.tensor([[5, 126_336, 77, 126_336, 1_000]])
    torch.testing.assert_close(loaded(ids), model(ids))


def test_such_a_checkpoint_generates_and_scores_by_ids(tmp_path):
    write_shards(tmp_path / "model", SMALL | LAYOUTS["grouped queries"])
    with Engine(tmp_path / "model") as engine:
        request = GenerateRequest(
            prompt_ids=(5, 17, 9), steps=4, gen_length=8, block_length=4, logits_eos_inf=True
        )
        assert len(engine.generate(request).ids) == 8
        assert len(engine.score_ids((4, 8, 15))) == 3


@pytest.mark.slow
def test_damaged_checkpoints_are_named_in_one_sentence_by_the_command(tmp_path):
    folder = tmp_path / "model"
    write_shards(folder, SMALL)
    ask = ("generate", "--prompt-ids", "5,17", "--model", folder)
    shard = folder / "model-00002-of-00003.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    assert "cut short" in refused(*ask)
    shard.unlink()
    assert "model-00002-of-00003.safetensors" in refused(*ask)
    shard.write_bytes(whole)
    (folder / "config.json").write_text(json.dumps(SMALL | {"block_type": "sequential"}))
    assert "block_type" in refused(*ask)
    (folder / "config.json").write_text(json.dumps(SMALL))
    assert "shorten" in refused(*ask, "--gen-length", "4096", "--steps", "128")


def test_a_tokenizer_of_another_model_is_named(tmp_path, raw_tokenizer):
    raw = SMALL | {
        "vocab_size": 400,
        "embedding_size": 400,
        "mask_token_id": 399,
        "eos_token_id": 398,
    }
    write_shards(tmp_path / "model", {k: v for k, v in raw.items() if k != "pad_token_id"})
    raw_tokenizer.save(str(tmp_path / "model" / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="belong to different models"):
        Engine(tmp_path / "model")


def test_a_prompt_longer_than_the_model_is_rejected_and_the_engine_goes_on(tmp_path):
    write_shards(tmp_path / "model", SMALL)
    with Engine(tmp_path / "model") as engine:
        with pytest.raises(RequestRejected, match="4096 tokens that the model allows"):
            engine.generate(GenerateRequest(prompt_ids=(5,) * 5000))
        assert (
            engine.generate(
                GenerateRequest(prompt_ids=(5,), steps=1, gen_length=4, block_length=4)
            ).nfe
            == 1
        )
