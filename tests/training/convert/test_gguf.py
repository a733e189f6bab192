"""A GGUF file gives the same parent as the folder that it was made from; damage is said in one
sentence."""

import json

import gguf
import numpy as np
import pytest
from tokenizers import Tokenizer

from engine.base.errors import CheckpointError
from tests.training.parents import interleaved
from training.convert.convert import convert
from training.convert.gguf_file import read_gguf, rotate_half_order
from training.convert.hugging_face import read_hugging_face


def test_weights_shape_and_tokens_are_those_of_the_folder(
    parent_folder, gguf_path, parent_tokenizer
):
    folder, found = read_hugging_face(parent_folder[0]), read_gguf(gguf_path)
    assert found.shape == folder.shape
    expected = dict(folder.tensors())
    for name, value in found.tensors():
        assert np.array_equal(value.numpy(), expected[name].numpy()), name
    text = "value_2026 = (f'a')\n\n    return x"
    assert (
        Tokenizer.from_str(json.dumps(found.tokenizer)).encode(text).ids
        == parent_tokenizer.encode(text).ids
    )


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
    for old, new, says in (
        (b"smollm", b"nobody", "splits text as 'nobody'"),
        (b"gpt2", b"t5xx", "kind 't5xx'"),
    ):
        (tmp_path / "odd.gguf").write_bytes(data.replace(old, new, 1))
        with pytest.raises(CheckpointError, match=says):
            read_gguf(tmp_path / "odd.gguf")
    writer = gguf.GGUFWriter(tmp_path / "other.gguf", "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(CheckpointError, match="architecture 'mamba'"):
        read_gguf(tmp_path / "other.gguf")
