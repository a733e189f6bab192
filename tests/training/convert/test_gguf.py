"""A GGUF file gives the same parent as the folder that it was made from; damage is said in one sentence."""

import json

import gguf
import numpy as np
import pytest

from engine.base.errors import CheckpointError
from training.convert.convert import convert
from training.convert.gguf_file import read_gguf, rotate_half_order
from training.convert.hugging_face import read_hugging_face

NAMES = {
    "attn_norm": "attn_norm", "ff_norm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v",
    "attn_out": "attn_output", "ff_proj": "ffn_gate", "up_proj": "ffn_up", "ff_out": "ffn_down",
}  # fmt: skip
HEADS, KV_HEADS = 6, 2


def interleaved(rows, heads):
    """What llama.cpp's converter does to query and key matrices."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def gguf_name(name):
    top = {"wte.weight": "token_embd.weight", "ln_f.weight": "output_norm.weight", "ff_out.weight": "output.weight"}
    short = name.removeprefix("model.transformer.")
    if short in top:
        return top[short]
    _, layer, part, kind = short.split(".")
    return f"blk.{layer}.{NAMES[part]}.{kind}"


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


def test_weights_shape_and_tokens_are_those_of_the_folder(parent_folder, gguf_path, parent_tokenizer):
    folder, found = read_hugging_face(parent_folder[0]), read_gguf(gguf_path)
    assert found.shape == folder.shape
    expected = dict(folder.tensors())
    for name, value in found.tensors():
        assert np.array_equal(value.numpy(), expected[name].numpy()), name
    from tokenizers import Tokenizer

    text = "value_2026 = (f'a')\n\n    return x"
    assert Tokenizer.from_str(json.dumps(found.tokenizer)).encode(text).ids == parent_tokenizer.encode(text).ids


def test_undoing_the_interleaving_is_its_inverse():
    rows = np.arange(6 * 8 * 3).reshape(48, 3)
    assert np.array_equal(rotate_half_order(interleaved(rows, 6), 6), rows)


def test_a_file_that_is_cut_short_is_refused(gguf_path, tmp_path):
    whole = gguf_path.read_bytes()
    for share in (0.0, 0.01, 0.5, 0.95):
        (tmp_path / "cut.gguf").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(CheckpointError, match="cut short|incomplete|damaged|fetch"):
            convert(str(tmp_path / "cut.gguf"), tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_another_architecture_and_an_unknown_tokenizer_are_refused(gguf_path, tmp_path):
    data = gguf_path.read_bytes()
    for old, new, says in ((b"smollm", b"nobody", "splits text as 'nobody'"), (b"gpt2", b"t5xx", "kind 't5xx'")):
        (tmp_path / "odd.gguf").write_bytes(data.replace(old, new, 1))
        with pytest.raises(CheckpointError, match=says):
            read_gguf(tmp_path / "odd.gguf")
    writer = gguf.GGUFWriter(tmp_path / "other.gguf", "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(CheckpointError, match="architecture 'mamba'"):
        read_gguf(tmp_path / "other.gguf")
