"""The exported graph is the same model."""

import json

import msgspec
import numpy as np
import onnx
import pytest
import torch

from engine.backends.interface import Batch
from engine.backends.onnx.backend import load as load_onnx
from engine.backends.torch.backend import TorchBackend
from engine.base.errors import CheckpointError
from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from export.onnx_export import export_onnx

SHAPES = {
    "tied": {},
    "grouped-untied-biased": {"n_kv_heads": 2, "weight_tying": False, "include_qkv_bias": True},
    "two-stage-top-k": {"vocab_size": 4096},
}


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in list(SHAPES)[1:]]


@pytest.fixture(scope="module", params=["tied", *SLOW])
def artefacts(request, config, tokenizer_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    model = MaskPredictor(msgspec.structs.replace(config, **SHAPES[request.param]))
    init_weights(model, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() < 2:
                value.add_(
                    torch.randn(value.shape, generator=torch.Generator().manual_seed(1)) * 0.1
                )
            else:
                value.mul_(4.0)  # random weights at initialisation predict nothing in particular
            assert name
    save_checkpoint(model, folder / "checkpoint", tokenizer_file)
    for precision in ("float", "int8"):
        export_onnx(folder / "checkpoint", folder / precision, precision)
    return folder


def passes(config_rows, seed=0):
    """A full pass over two rows, then a step on its context, with every kind of input in use."""
    rng = np.random.default_rng(seed)
    allowed = rng.random((3, config_rows)) < 0.7
    allowed[:, 16:40] = True
    mask = np.ones((2, 20), bool)
    mask[1, :4] = False
    full = Batch(
        input_ids=rng.integers(16, 500, (2, 20)),
        position_ids=np.tile(np.arange(20), (2, 1)),
        query_index=rng.integers(0, 20, (2, 5)),
        allowed=allowed,
        allowed_row=rng.integers(0, 3, (2, 5)),
        target_ids=rng.integers(16, 40, (2, 5)),
        key_mask=mask,
        keep=np.array([0, 1, 2, 3, 9, 10, 11, 12]),
    )
    tie = np.tile(np.eye(3, dtype=np.float32), (2, 1, 1))
    tie[:, 0, 2] = tie[:, 2, 0] = 1.0
    step = Batch(
        input_ids=np.full((2, 4), 2),
        position_ids=np.tile(np.arange(50, 54), (2, 1)),
        query_index=np.tile(np.array([0, 2, 3]), (2, 1)),
        allowed=allowed,
        allowed_row=np.ones((2, 3), np.int64),
        target_ids=np.full((2, 3), 30),
        context_position_ids=np.tile(np.array([40, 41, 42, 43, 60, 61, 62, 63]), (2, 1)),
        tie=tie,
    )
    return full, step


def compare(first, second, full, step, tolerance):
    a, b = first.predict(full), second.predict(full)
    step_a, step_b = msgspec_copy(step, a.context), msgspec_copy(step, b.context)
    for x, y in ((a, b), (first.predict(step_a), second.predict(step_b))):
        np.testing.assert_allclose(x.log_probs, y.log_probs, atol=tolerance)
        np.testing.assert_allclose(x.target_log_probs, y.target_log_probs, atol=tolerance)
        np.testing.assert_allclose(x.entropy, y.entropy, atol=tolerance * 5)
    return a, b


def msgspec_copy(batch, context):
    return Batch(**(vars(batch) | {"context": context}))


@pytest.mark.slow
def test_the_float_graph_gives_torchs_log_probabilities_within_1e_4(artefacts):
    onnx_backend = load_onnx(artefacts / "float")
    reference = TorchBackend(load_checkpoint(artefacts / "checkpoint"))
    for seed in range(5):
        full, step = passes(reference.model.config.embedding_rows, seed)
        a, b = compare(onnx_backend, reference, full, step, 1e-4)
        clear = np.abs(np.diff(b.log_probs, axis=-1)).min(-1) > 1e-3
        assert (a.token_ids[clear] == b.token_ids[clear]).all()


def test_the_int8_graph_is_near_and_torch_reads_the_same_weights_file(artefacts):
    onnx_backend = load_onnx(artefacts / "int8")
    reference = TorchBackend(load_checkpoint(artefacts / "int8"))
    full, step = passes(reference.model.config.embedding_rows)
    # What is left is the rounding of activations; the weights are the same numbers.
    compare(onnx_backend, reference, full, step, 0.35)


def test_weights_are_stored_once_and_the_graph_refers_to_them(artefacts):
    for precision in ("float", "int8"):
        graph = onnx.load(str(artefacts / precision / "model.onnx"), load_external_data=False).graph
        inline = [i for i in graph.initializer if i.data_location != onnx.TensorProto.EXTERNAL]
        assert sum(i.ByteSize() for i in inline) < 20_000
        files = {
            entry.value
            for i in graph.initializer
            for entry in i.external_data
            if entry.key == "location"
        }
        assert files == {"model.safetensors"}
        assert not list((artefacts / precision).glob("*.data"))
        assert b".py" not in (artefacts / precision / "model.onnx").read_bytes(), (
            "no stack traces of this machine"
        )


def test_the_graph_is_opset_23(artefacts):
    model = onnx.load(str(artefacts / "float" / "model.onnx"), load_external_data=False)
    assert next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")) == 23


def test_the_manifest_describes_the_files(artefacts):
    manifest = json.loads((artefacts / "int8" / "manifest.json").read_text())
    assert manifest["precision"] == "int8"
    for name, entry in manifest["files"].items():
        assert (artefacts / "int8" / name).stat().st_size == entry["bytes"]


@pytest.mark.slow
def test_an_exported_folder_can_be_exported_again(artefacts, tmp_path):
    export_onnx(artefacts / "float", tmp_path / "again", "float")
    full, step = passes(load_checkpoint(artefacts / "float").config.embedding_rows)
    compare(load_onnx(artefacts / "float"), load_onnx(tmp_path / "again"), full, step, 1e-5)


def test_a_truncated_weights_file_is_refused(artefacts, tmp_path):
    import shutil

    shutil.copytree(artefacts / "int8", tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    with pytest.raises(CheckpointError, match="cut short"):
        load_onnx(tmp_path / "cut")
    (tmp_path / "cut" / "model.onnx").unlink()
    with pytest.raises(CheckpointError, match="has no model.onnx"):
        load_onnx(tmp_path / "cut")


def test_an_unknown_precision_leaves_nothing_behind(artefacts, tmp_path):
    with pytest.raises(ValueError, match="int3"):
        export_onnx(artefacts / "checkpoint", tmp_path / "out", "int3")
    assert not list(tmp_path.iterdir())


# The error that each may have on random weights, where nothing is sure: about twice what was seen.
TOLERANCE = {
    "int8-static": 1.0,
    "int4": 1.5,
    "fp16": 0.05,
    "int8-gpu": 1.0,
    "fp8": 1.2,
    "int4-gpu": 1.5,
}


@pytest.mark.slow
@pytest.mark.parametrize("precision", TOLERANCE)
def test_every_precision_is_near_on_the_same_graph_and_torch_reads_its_weights(
    artefacts, tmp_path, precision
):
    measured = export_onnx(artefacts / "checkpoint", tmp_path / "out", precision)
    assert not measured
    reference = TorchBackend(load_checkpoint(tmp_path / "out", torch.float32))
    full, step = passes(reference.model.config.embedding_rows)
    compare(load_onnx(tmp_path / "out"), reference, full, step, TOLERANCE[precision])
    whole = load_checkpoint(artefacts / "checkpoint", torch.float32).state_dict()
    for name, value in load_checkpoint(tmp_path / "out", torch.float32).state_dict().items():
        assert (value - whole[name]).abs().max() <= whole[name].abs().max() * (
            0.08 if "int4" in precision else 0.04
        ), name


@pytest.mark.slow
def test_matrices_whose_rounding_costs_most_can_be_kept(artefacts, tmp_path):
    measured = export_onnx(artefacts / "checkpoint", tmp_path / "out", "int8", keep_float=2)
    worst = sorted(measured, key=lambda name: -measured[name])[:2]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["kept_float"] == sorted(
        worst
    )
    state = load_checkpoint(tmp_path / "out").state_dict()
    whole = load_checkpoint(artefacts / "checkpoint").state_dict()
    assert all(torch.equal(state[name], whole[name]) for name in worst)
    assert not torch.equal(
        state[min(set(measured) - set(worst))], whole[min(set(measured) - set(worst))]
    )
    with pytest.raises(ValueError, match="nothing to keep"):
        export_onnx(artefacts / "checkpoint", tmp_path / "none", "fp16", keep_float=2)
    assert not (tmp_path / "none").exists()


def test_int8_rows_do_not_depend_on_the_rows_beside_them(artefacts):
    backend = load_onnx(artefacts / "int8")
    full, _ = passes(load_checkpoint(artefacts / "int8").config.embedding_rows)
    both = backend.predict(full)
    per_row = ("input_ids", "position_ids", "query_index", "allowed_row", "target_ids", "key_mask")
    alone = backend.predict(
        Batch(**(vars(full) | {name: getattr(full, name)[:1] for name in per_row}))
    )
    np.testing.assert_allclose(both.log_probs[:1], alone.log_probs, atol=1e-5)
