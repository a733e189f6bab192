"""The step graph as ONNX at opset 23, traced on torch's meta device: shapes and types alone,
whatever the model's size.

Weights are inputs of the traced graph under their checkpoint names; ``export.quantise`` turns them
into initialisers.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from onnxscript.optimizer import optimize

from engine.network.checkpoint import tensor_shapes
from engine.network.graph_io import INPUTS, OUTPUTS, cache_names, graph_inputs
from engine.network.model_config import ModelConfig
from export.graph import StepGraph

OPSET = 23
FOLDED_BYTES = 4096
"""Larger constants than this are left to the runtime to compute."""


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Checkpoint name -> shape as the graph takes it: matrices (in, out)."""
    return {name: shape[::-1] for name, shape in tensor_shapes(config).items()}


def trace(config: ModelConfig, dtype: torch.dtype) -> onnx.ModelProto:
    """The step graph in ``dtype`` with named, dynamic axes; probabilities are fp32 whatever
    ``dtype`` is."""
    shapes = weight_shapes(config)
    weights = [torch.empty(shape, dtype=dtype, device="meta") for shape in shapes.values()]
    inputs, axes = _example(config, dtype)
    with _quietly():
        program = torch.onnx.export(
            StepGraph(config, list(shapes)).eval(),
            (weights, *inputs),
            dynamo=True,
            opset_version=OPSET,
            input_names=[*shapes, *graph_inputs(config), *cache_names(config.n_layers, "context")],
            output_names=[*OUTPUTS, *cache_names(config.n_layers, "active")],
            dynamic_shapes=(
                [{0: torch.export.Dim.STATIC}] * len(weights),
                *axes[: len(INPUTS)],
                tuple(axes[len(INPUTS) :]),
            ),
            verbose=False,
            optimize=False,
        )
        assert program is not None
        # What is folded stands in the file; tables of sines are left to the runtime.
        optimize(program.model, output_size_limit=FOLDED_BYTES)
    model: onnx.ModelProto = program.model_proto
    _forget_origin(model)
    return model


def _forget_origin(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes on every node: stack traces with the paths of this machine, half of
    the file."""
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ):
        del part.metadata_props[:]
        part.doc_string = ""


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter's remarks on its own internals from the user; errors still come through."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _example(config: ModelConfig, dtype: torch.dtype) -> tuple[list[torch.Tensor], list[Any]]:
    """Inputs of the graph after the weights, and the names of their dynamic axes."""
    b, s, q, a = (
        torch.export.Dim(name, min=1, max=1 << 20)
        for name in ("batch", "active", "queries", "rules")
    )
    cached = torch.export.Dim("cached", min=0, max=(1 << 20) - 1)
    keys = torch.export.Dim("keys", min=1, max=1 << 20)
    batch, active, past, queries, rules = 2, 5, 7, 3, 4

    def ids(
        *shape: int,
    ) -> torch.Tensor:  # inputs that are one tensor object would be traced as one input
        return torch.empty(shape, dtype=torch.int64, device="meta")

    def flags(*shape: int) -> torch.Tensor:
        return torch.empty(shape, dtype=torch.bool, device="meta")

    stretch = [ids(batch, past + active)] * (config.context_attention == "causal")
    tensors = [
        ids(batch, active),
        ids(batch, active),
        flags(batch, past + active),
        ids(batch, queries),
        ids(batch, queries),
        flags(rules, config.embedding_rows),
        ids(batch, queries),
        torch.empty((batch, queries, queries), device="meta"),
        ids(batch, past),
        *stretch,
        *[
            torch.empty((batch, config.kv_heads, past, config.head_dim), dtype=dtype, device="meta")
            for _ in range(2 * config.n_layers)
        ],
    ]
    axes: list[Any] = [
        {0: b, 1: s},
        {0: b, 1: s},
        {0: b, 1: keys},
        {0: b, 1: q},
        {0: b, 1: q},
        {0: a},
        {0: b, 1: q},
        {0: b, 1: q, 2: q},
        {0: b, 1: cached},
        *[{0: b, 1: keys}] * len(stretch),
        *[{0: b, 2: cached}] * (2 * config.n_layers),
    ]
    return tensors, axes
