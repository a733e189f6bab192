"""``lacuna export onnx``: a checkpoint becomes a model folder whose ONNX graph and torch share one weights file.

The graph is traced at opset 23 and, for int8, quantised by onnxruntime's own dynamic quantisation (per output channel,
symmetric weights). Then every large initialiser is moved into ``model.safetensors`` and the graph refers to its offset.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from rich.console import Console
from safetensors.numpy import save_file

from engine.checkpoint import SCALE, load_checkpoint
from engine.config import ModelConfig, dump_model_config
from engine.model import MaskPredictor
from engine.step_graph import INPUTS, OUTPUTS, cache_names
from engine.weights import SINGLE, tensor_offsets
from export.graph import NUM_CANDIDATES, StepGraph
from export.manifest import write_manifest

OPSET = 23
_EMBEDDING = "model.transformer.wte.weight"


def export_onnx(checkpoint: Path, out: Path, precision: str = "int8") -> None:
    """Write the model folder ``out`` (config, tokenizer, weights, graph, manifest); it appears whole or not at all."""
    if precision not in ("int8", "float"):
        raise ValueError(f"precision {precision!r} is not one of int8, float.")
    model = load_checkpoint(checkpoint, torch.float32)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    console = Console(stderr=True)
    try:
        with console.status("exporting") if console.is_terminal else nullcontext():
            graph = trace(model)
            if precision == "int8":
                graph = quantise(graph)
                _share_embedding(graph)
            _externalise(graph, model, partial)
        config = msgspec.structs.replace(
            model.config, weights_layout="in_out", weights_precision="int8" if precision == "int8" else "float"
        )
        (partial / "config.json").write_text(json.dumps(dump_model_config(config), indent=1) + "\n")
        if (checkpoint / "tokenizer.json").exists():
            shutil.copyfile(checkpoint / "tokenizer.json", partial / "tokenizer.json")
        onnx.save(graph, str(partial / "model.onnx"))
        (partial / SINGLE).chmod(0o644)
        write_manifest(partial, precision, OPSET, NUM_CANDIDATES)
        if card := next((p for p in (checkpoint / "README.md", out / "README.md") if p.exists()), None):
            shutil.copyfile(card, partial / "README.md")
        shutil.rmtree(out, ignore_errors=True)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    sys.stderr.write(f"{out}: {precision}, {sum(f.stat().st_size for f in out.iterdir()) / 2**20:.1f} MiB\n")


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the exporters' remarks on their own internals from the user; errors still come through."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def trace(model: MaskPredictor) -> onnx.ModelProto:
    """The step graph in fp32 with named, dynamic axes and checkpoint names for weights."""
    config, wrapper = model.config, StepGraph(model).eval()
    dims = {name: torch.export.Dim(name, min=1, max=1 << 20) for name in ("batch", "active", "queries", "rules")}
    cached = torch.export.Dim("cached", min=0, max=1 << 20)
    keys = torch.export.Dim("keys", min=1, max=1 << 20)
    example, shapes = _example(config, dims, cached, keys)
    names = [*INPUTS, *cache_names(config.n_layers, "context")]
    with quietly():
        program = torch.onnx.export(
            wrapper,
            tuple(example),
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=[*OUTPUTS, *cache_names(config.n_layers, "active")],
            dynamic_shapes=(*shapes[: len(INPUTS)], tuple(shapes[len(INPUTS) :])),
            verbose=False,
            optimize=True,
        )
    assert program is not None
    graph: onnx.ModelProto = program.model_proto
    renamed = {own: name for name, own in wrapper.names.items()}
    for initializer in graph.graph.initializer:
        initializer.name = renamed.get(initializer.name, initializer.name)
    for node in graph.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    return graph


def _example(config: ModelConfig, d: dict[str, Any], cached: Any, keys: Any) -> tuple[list[torch.Tensor], list[Any]]:
    batch, active, past, queries, rules = 2, 5, 7, 3, 4
    ids = torch.zeros((batch, active), dtype=torch.int64)
    kv_shape = (batch, config.kv_heads, past, config.head_dim)

    def query() -> torch.Tensor:  # inputs that are one tensor object would be traced as one input
        return torch.zeros((batch, queries), dtype=torch.int64)

    tensors = [
        ids,
        torch.arange(active).expand(batch, -1).contiguous(),
        torch.ones((batch, past + active), dtype=torch.bool),
        query(),
        query(),
        torch.ones((rules, config.embedding_rows), dtype=torch.bool),
        query(),
        torch.eye(queries).expand(batch, -1, -1).contiguous(),
        torch.arange(past).expand(batch, -1).contiguous(),
        *[torch.zeros(kv_shape) for _ in range(2 * config.n_layers)],
    ]
    b, s, q, a = d["batch"], d["active"], d["queries"], d["rules"]
    shapes: list[Any] = [
        {0: b, 1: s}, {0: b, 1: s}, {0: b, 1: keys}, {0: b, 1: q}, {0: b, 1: q}, {0: a}, {0: b, 1: q},
        {0: b, 1: q, 2: q}, {0: b, 1: cached}, *[{0: b, 2: cached}] * (2 * config.n_layers),
    ]  # fmt: skip
    return tensors, shapes


def quantise(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Every matrix of a MatMul to int8, one scale an output channel; activations are quantised as they come."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(graph, str(source), save_as_external_data=True, location="float.data", size_threshold=1024)
        with quietly():
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                weight_type=QuantType.QInt8,
                extra_options={"WeightSymmetric": True, "MatMulConstBOnly": True},
                use_external_data_format=True,
            )
        return onnx.load(str(target))


def _share_embedding(graph: onnx.ModelProto) -> None:
    """Let the embedding look-up read the int8 matrix: with tied weights that of the head, else one of its own."""
    floats = {i.name: i for i in graph.graph.initializer}
    quantised, scale = f"{_EMBEDDING}_quantized", f"{_EMBEDDING}_scale"
    if quantised not in floats:
        matrix = numpy_helper.to_array(floats[_EMBEDDING])  # (E, V)
        scales = np.maximum(np.abs(matrix).max(axis=0), 1e-8).astype(np.float32) / 127
        rounded = np.clip(np.rint(matrix / scales), -127, 127).astype(np.int8)
        graph.graph.initializer.append(numpy_helper.from_array(rounded, quantised))
        graph.graph.initializer.append(numpy_helper.from_array(scales, scale))
    nodes = list(graph.graph.node)
    for position, node in enumerate(nodes):
        if node.op_type == "Gather" and node.input[0] == _EMBEDDING:
            out, ids = node.output[0], node.input[1]
            replacement = [
                helper.make_node("Gather", [quantised, ids], ["embedding_int8"], axis=1),
                helper.make_node("Cast", ["embedding_int8"], ["embedding_unscaled"], to=TensorProto.FLOAT),
                helper.make_node("Gather", [scale, ids], ["embedding_scale"], axis=0),
                helper.make_node("Mul", ["embedding_unscaled", "embedding_scale"], [out]),
            ]
            nodes[position : position + 1] = replacement
            break
    else:
        raise AssertionError("the traced graph looks its embedding up in another way than expected")
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    kept = [i for i in graph.graph.initializer if i.name != _EMBEDDING]
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)


def _externalise(graph: onnx.ModelProto, model: MaskPredictor, folder: Path) -> None:
    """Move weights into ``model.safetensors`` under their checkpoint names and point the graph at them."""
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    places: dict[str, str] = {}
    for initializer in graph.graph.initializer:
        name = _checkpoint_name(initializer.name)
        if name is not None:
            tensors[name] = np.ascontiguousarray(numpy_helper.to_array(initializer))
            places[initializer.name] = name
    # The exporter keeps one of several equal tensors (norms of a fresh model, say); a checkpoint has all of them.
    for name, value in model.state_dict().items():
        if name not in tensors:
            tensors[name] = (value.t() if value.dim() == 2 else value).contiguous().numpy()
    save_file(tensors, folder / SINGLE, metadata={"format": "pt"})
    offsets = tensor_offsets(folder / SINGLE)
    for initializer in graph.graph.initializer:
        if initializer.name in places:
            entry = offsets[places[initializer.name]]
            for field in ("raw_data", "float_data", "int32_data", "int64_data"):
                initializer.ClearField(field)
            initializer.data_location = TensorProto.EXTERNAL
            del initializer.external_data[:]
            for key, value in (("location", SINGLE), ("offset", entry["offset"]), ("length", entry["length"])):
                initializer.external_data.add(key=key, value=str(value))


def _checkpoint_name(name: str) -> str | None:
    if not name.startswith("model.transformer."):
        return None
    if name.endswith("_quantized"):
        return name.removesuffix("_quantized")
    if name.endswith("_zero_point"):
        return None
    return name.removesuffix("_scale") + SCALE if name.endswith("_scale") else name
