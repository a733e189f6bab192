"""Weights in several files are the same model, and a lost file is named."""

import json

import pytest
import torch
from safetensors.torch import load_file

from engine.backends.onnx.backend import load as load_onnx
from engine.backends.torch.backend import TorchBackend
from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_files import check_model
from export.artefact.weights_file import write_weights
from export.onnx_export import export_onnx
from tests.export.test_onnx_export import compare, passes

pytestmark = pytest.mark.slow
LIMIT = 24_000


@pytest.fixture(scope="module")
def folder(config, tokenizer_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, folder / "checkpoint", tokenizer_file)
    export_onnx(folder / "checkpoint", folder / "out", "int8", max_shard=LIMIT)
    return folder / "out"


def test_no_file_is_larger_than_asked_and_the_index_names_every_tensor(folder):
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 1 and not (folder / "model.safetensors").exists()
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    found = {name: path.name for path in shards for name in load_file(path)}
    assert found == index
    assert all(sum(v.nbytes for v in load_file(path).values()) <= LIMIT for path in shards)


def test_graph_and_torch_read_all_of_them(folder):
    check_model(folder, again=True)
    reference = TorchBackend(load_checkpoint(folder))
    full, step = passes(reference.model.config.embedding_rows)
    compare(load_onnx(folder), reference, full, step, 0.35)


def test_a_lost_shard_is_named(folder, tmp_path):
    last = sorted(folder.glob("*.safetensors"))[-1]
    held = last.read_bytes()
    last.unlink()
    try:
        for look in (lambda: load_onnx(folder), lambda: check_model(folder, again=True)):
            with pytest.raises(CheckpointError, match=last.name):
                look()
    finally:
        last.write_bytes(held)


def test_a_tensor_that_is_larger_than_a_shard_is_named(tmp_path):
    with pytest.raises(ValueError, match="big alone has"):
        write_weights(tmp_path, [("big", torch.float32, (1024,))], iter(()), max_shard=1024)
