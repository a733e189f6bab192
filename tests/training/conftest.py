"""Tiny parents: random Llama and Qwen2 models with a byte-level tokenizer of the kind that SmolLM2
has."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from tests.training.parents import HEADS, KV_HEADS, gguf_name, interleaved
from training.convert.hugging_face import read_hugging_face

SPECIALS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<file_sep>",
    "<gh_stars>",
    "<issue_start>",
]
SPECIALS += [
    "<issue_comment>",
    "<issue_closed>",
    "<jupyter_start>",
    "<jupyter_text>",
    "<empty_output>",
]


@pytest.fixture(scope="session")
def parent_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([Path(__file__).read_text("utf-8")], trainer)
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIALS]
    )
    return tokenizer


def small(kind: str, rows: int):
    torch.manual_seed(0)
    shape = {
        "vocab_size": rows,
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 128,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": kind == "llama",
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    model = (
        LlamaForCausalLM(LlamaConfig(**shape))
        if kind == "llama"
        else Qwen2ForCausalLM(Qwen2Config(**shape))
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)  # biases and norms that do something
    return model.eval()


@pytest.fixture(params=["llama", "qwen2"])
def parent_folder(request, parent_tokenizer, tmp_path):
    """A Hugging Face folder and the model that was saved in it."""
    model = small(
        request.param, parent_tokenizer.get_vocab_size() + (16 if request.param == "qwen2" else 0)
    )
    folder = tmp_path / "parent"
    model.save_pretrained(folder)
    parent_tokenizer.save(str(folder / "tokenizer.json"))
    roles = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(roles))
    return folder, model


@pytest.fixture
def gguf_path(parent_folder, parent_tokenizer, tmp_path):
    folder, model = parent_folder
    parent, kind = read_hugging_face(folder), model.config.model_type
    path = tmp_path / "parent.gguf"
    writer = gguf.GGUFWriter(path, kind)
    writer.add_block_count(2)
    writer.add_context_length(128)
    writer.add_embedding_length(48)
    writer.add_feed_forward_length(64)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    tokens = sorted(parent_tokenizer.get_vocab(), key=parent_tokenizer.token_to_id)
    raw = json.loads(parent_tokenizer.to_str())
    special = {token["content"] for token in raw["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_merges([" ".join(merge) for merge in raw["model"]["merges"]])
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, value in parent.tensors():
        rows = value.numpy()
        if kind == "llama" and (".q_proj." in name or ".k_proj." in name):
            rows = interleaved(rows, HEADS if ".q_proj." in name else KV_HEADS)
        if not (model.config.tie_word_embeddings and name.endswith("transformer.ff_out.weight")):
            writer.add_tensor(gguf_name(name), np.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
