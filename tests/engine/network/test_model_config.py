"""config.json: LLaDA's loads as it is, mistakes are named."""

import json

import pytest

from engine.base.errors import CheckpointError
from engine.network.config_file import dump_model_config, parse_model_config, read_model_config

LLADA_8B = {
    "d_model": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 32,
    "mlp_hidden_size": 12288,
    "mlp_ratio": 4,
    "vocab_size": 126464,
    "embedding_size": 126464,
    "block_type": "llama",
    "activation_type": "silu",
    "layer_norm_type": "rms",
    "rms_norm_eps": 1e-5,
    "rope": True,
    "rope_theta": 500000.0,
    "max_sequence_length": 4096,
    "weight_tying": False,
    "include_bias": False,
    "include_qkv_bias": False,
    "eos_token_id": 126081,
    "pad_token_id": 126081,
    "mask_token_id": 126336,
    "architectures": ["LLaDAModelLM"],
    "model_type": "llada",
    "torch_dtype": "bfloat16",
}


def test_the_config_of_llada_8b_loads():
    config = parse_model_config(LLADA_8B)
    assert (config.head_dim, config.kv_heads, config.mask_token_id) == (128, 32, 126336)


def test_missing_special_ids_fall_back_to_those_of_llada(tmp_path):
    raw = {k: v for k, v in LLADA_8B.items() if k not in ("mask_token_id", "eos_token_id")}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    config = read_model_config(tmp_path)
    assert (config.mask_token_id, config.eos_token_id, config.eot_token_id) == (
        126336,
        126081,
        126348,
    )


def test_special_ids_that_the_config_lacks_come_from_the_tokenizer(tmp_path):
    raw = {k: v for k, v in LLADA_8B.items() if k not in ("mask_token_id", "eos_token_id")}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    added = [
        {"id": 5, "content": "<|mask|>"},
        {"id": 7, "content": "<|im_end|>"},
        {"id": 8, "content": "<|the_end|>"},
    ]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": {"content": "<|the_end|>"}, "mask_token": None})
    )
    config = read_model_config(tmp_path)
    assert (config.mask_token_id, config.eos_token_id, config.eot_token_id) == (5, 8, 7)


def test_a_small_vocabulary_without_a_mask_is_named(tmp_path):
    raw = {k: v for k, v in LLADA_8B.items() if k != "mask_token_id"} | {
        "vocab_size": 500,
        "embedding_size": 500,
        "pad_token_id": 3,
    }
    (tmp_path / "config.json").write_text(json.dumps(raw | {"eos_token_id": [3, 4]}))
    with pytest.raises(CheckpointError, match="mask_token_id"):
        read_model_config(tmp_path)
    (tmp_path / "config.json").write_text(
        json.dumps(raw | {"eos_token_id": [3, 4], "mask_token_id": 2})
    )
    config = read_model_config(tmp_path)
    assert config.end_ids == (3, 4)


def test_a_config_survives_writing_and_reading(config):
    assert parse_model_config(json.loads(json.dumps(dump_model_config(config)))).__class__ is type(
        config
    )
    again = parse_model_config(json.loads(json.dumps(dump_model_config(config))))
    assert dump_model_config(again) == dump_model_config(config)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"d_modle": 3}, "unknown key 'd_modle'; did you mean d_model"),
        ({"block_type": "sequential"}, "block_type = 'sequential' is not supported"),
        ({"model_type": "qwen2", "d_model": None}, "architecture 'qwen2' is not supported"),
        ({"alibi": True}, "alibi"),
        ({"d_model": "wide"}, r"\$\.d_model"),
        ({"n_heads": 33}, "not a multiple"),
        ({"mask_token_id": 200_000}, "outside the vocabulary"),
    ],
)
def test_a_config_that_does_not_fit_is_named(change, says):
    with pytest.raises(CheckpointError, match=says):
        parse_model_config(LLADA_8B | change)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="no model folder"):
        read_model_config(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="no config.json"):
        read_model_config(tmp_path)
    (tmp_path / "config.json").write_text("{nonsense")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        read_model_config(tmp_path)
