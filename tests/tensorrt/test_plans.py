"""Real plans, built by TensorRT-RTX without a GPU. Run by `make test-tensorrt`; nothing here runs a
plan.

A plan cannot be opened without a driver, so what is inspected is the network it was built of.
"""

import msgspec
import pytest
import torch

from engine import MINI
from engine.backends.tensorrt.plan_shapes import profiles
from engine.backends.tensorrt.runtime import find_plan
from engine.base.errors import EngineError
from engine.network.checkpoint import save_checkpoint
from engine.network.config_file import read_model_config
from engine.network.graph_io import INPUTS, OUTPUTS, cache_names
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from export.onnx_export import export_onnx

trt = pytest.importorskip(
    "tensorrt_rtx", reason="TensorRT-RTX is not installed; make test-tensorrt installs it"
)
pytestmark = pytest.mark.slow
GPU_PRECISIONS = {
    "float": "FLOAT",
    "bf16": "BF16",
    "fp16": "HALF",
    "int8-gpu": "HALF",
    "fp8": "HALF",
    "int4-gpu": "HALF",
}


def random_model(folder, **changes):
    shape = {
        "d_model": 256,
        "n_layers": 2,
        "n_heads": 4,
        "vocab_size": 4096,
        "mlp_hidden_size": 512,
        "weight_tying": True,
    }
    model = MaskPredictor(ModelConfig(**(shape | changes), mask_token_id=2, eos_token_id=0)).to(
        torch.bfloat16
    )
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, folder)
    return folder


@pytest.fixture(params=GPU_PRECISIONS)
def precision(request):
    return request.param


def check_plan(plan, config, dtype):
    assert len(plan.data) > 100_000 and plan.data[:4] == b"vtrt"
    assert {t.name for t in plan.inputs} == {*INPUTS, *cache_names(config.n_layers, "context")}
    assert {t.name for t in plan.outputs} == {*OUTPUTS, *cache_names(config.n_layers, "active")}
    types = {t.name: t.dtype for t in (*plan.inputs, *plan.outputs)}
    assert types["input_ids"] == types["token_ids"] == "INT64" and types["key_mask"] == "BOOL"
    assert types["log_probs"] == "FLOAT", "probabilities are fp32 whatever the weights are"
    assert types["context.0.keys"] == types["active.0.values"] == dtype
    [full, step] = next(t.shapes for t in plan.inputs if t.name == "context.0.keys")
    assert full[0][2] == step[0][2] == 0 and full[2] == (8, config.kv_heads, 1024, config.head_dim)
    assert len(profiles(8, 1024)) == 2 and plan.precisions[dtype] > 10


def test_the_bundled_model_builds_in_every_precision_for_gpus(tmp_path, precision):
    from export.tensorrt_plan import BuildOptions, build_plan

    export_onnx(MINI, tmp_path / "m", precision)
    config = read_model_config(tmp_path / "m")
    plan = build_plan(tmp_path / "m" / "model.onnx", config, BuildOptions())
    check_plan(plan, config, GPU_PRECISIONS[precision])
    rounded = {"int8-gpu": "INT8", "fp8": "FP8", "int4-gpu": "INT4"}.get(precision)
    if rounded:
        assert plan.precisions[rounded] >= 7 * config.n_layers, (
            "every matrix of every block is rounded"
        )
    assert plan.layers["ATTENTION_INPUT"] == config.n_layers


def test_a_model_with_grouped_queries_and_its_own_head_builds(tmp_path):
    from export.tensorrt_plan import BuildOptions, build_plan

    checkpoint = random_model(
        tmp_path / "gqa", n_kv_heads=2, weight_tying=False, include_qkv_bias=True
    )
    export_onnx(checkpoint, tmp_path / "m", "bf16")
    config = read_model_config(tmp_path / "m")
    check_plan(build_plan(tmp_path / "m" / "model.onnx", config, BuildOptions()), config, "BF16")


def test_layers_of_the_shape_of_llada_8b_build_with_streamed_weights(tmp_path):
    from export.tensorrt_plan import BuildOptions, build_plan

    shape = {"d_model": 4096, "n_layers": 2, "n_heads": 32, "mlp_hidden_size": 12288}
    checkpoint = random_model(tmp_path / "8b", **shape)
    export_onnx(checkpoint, tmp_path / "m", "bf16")
    config = read_model_config(tmp_path / "m")
    plan = build_plan(tmp_path / "m" / "model.onnx", config, BuildOptions(weight_streaming=True))
    check_plan(plan, config, "BF16")
    assert len(plan.data) > 2 * 2 * 210_000_000


def test_the_command_finds_its_plan_again_and_builds_another_for_other_limits(tmp_path):
    from export.tensorrt_export import export_tensorrt
    from export.tensorrt_plan import BuildOptions

    checkpoint = random_model(tmp_path / "c")
    first = export_tensorrt(checkpoint, tmp_path / "m", "fp16")
    made = first.stat().st_mtime_ns
    assert (
        export_tensorrt(tmp_path / "m", tmp_path / "m") == first
        and first.stat().st_mtime_ns == made
    )
    other = export_tensorrt(
        tmp_path / "m", tmp_path / "m", options=BuildOptions(max_rows=1, max_tokens=256)
    )
    assert other != first and (tmp_path / "m" / "plans" / f"{other.stem}.built").exists()
    gpu = "any" if not torch.cuda.is_available() else torch.cuda.get_device_name()
    assert (
        find_plan(tmp_path / "m", "tensorrt_rtx", trt.__version__, gpu)[0].runtime == "tensorrt_rtx"
    )
    with pytest.raises(ValueError, match="not for GPUs"):
        export_tensorrt(checkpoint, tmp_path / "n", "int8")
    assert not (tmp_path / "n").exists()


def test_a_graph_for_cpus_and_a_damaged_one_are_refused_in_a_sentence(tmp_path):
    from export.tensorrt_plan import BuildOptions, build_plan

    with pytest.raises(EngineError, match="cannot read .*model.onnx"):
        build_plan(MINI / "model.onnx", read_model_config(MINI), BuildOptions())
    (tmp_path / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(EngineError, match="cannot read"):
        build_plan(tmp_path / "model.onnx", read_model_config(MINI), BuildOptions())
    assert msgspec.json.encode(BuildOptions(any_gpu=True).flags) == b'["any_gpu"]'
