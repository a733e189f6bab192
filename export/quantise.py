"""Weights of a traced graph become initialisers in their stored form, and products with them take
that form.

Integer products on a CPU have one scale a row of activations (``row``): a row's numbers do not
depend on the rows beside it, so requests may share a pass, and rounding is finer than with one
scale for all of them. Nodes for a GPU are explicit quantise and dequantise nodes, which TensorRT
and onnxruntime fuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
import torch
from onnx import NodeProto, TensorProto, helper
from torch import Tensor

from engine.network.checkpoint import SCALE
from export.artefact.weights_file import Entry, Extent
from export.precision import Precision
from export.storage import BLOCK

_TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.float16: TensorProto.FLOAT16,
    torch.bfloat16: TensorProto.BFLOAT16,
    torch.int8: TensorProto.INT8,
    torch.float8_e4m3fn: TensorProto.FLOAT8E4M3FN,
}
_ELEMENTS = {"int8": torch.int8, "fp8": torch.float8_e4m3fn, "int4": torch.uint8}
_MIDDLE = 128
"""What zero is stored as in unsigned 8 bits; products of unsigned with signed numbers are the fast
ones."""


def storage_of(
    name: str, shape: tuple[int, ...], precision: Precision, kept: frozenset[str]
) -> str:
    """How the tensor ``name`` is stored; ``kept`` are matrices that stay as they are."""
    if len(shape) != 2 or name in kept:
        return "float"
    return precision.blocks if ".blocks." in name else precision.ends


def entries(
    shapes: Mapping[str, tuple[int, ...]], precision: Precision, kept: frozenset[str]
) -> list[Entry]:
    """What the weights file will hold."""
    found: list[Entry] = []
    for name, shape in shapes.items():
        storage = storage_of(name, shape, precision, kept)
        if storage == "float":
            found.append((name, precision.dtype, shape))
        elif storage == "int4":
            found.append((name, torch.uint8, (shape[0], shape[1] // 2)))
            found.append((name + SCALE, precision.dtype, (shape[0] // BLOCK, shape[1])))
        else:
            found += [
                (name, _ELEMENTS[storage], shape),
                (name + SCALE, precision.dtype, (shape[1],)),
            ]
    return found


class Quantiser:
    """Rewrites one graph; ``scales`` are those of static activations by the name of their
    matrix."""

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        precision: Precision,
        extents: Mapping[str, Extent],
        kept: frozenset[str] = frozenset(),
        scales: Mapping[str, float] | None = None,
    ) -> None:
        self.shapes, self.precision, self.extents, self.kept = shapes, precision, extents, kept
        self.scales = scales or {}
        self._float = _TYPES[precision.dtype]
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._rounded: dict[str, tuple[str, str]] = {}

    def rewrite(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        for node in graph.node:
            name = (
                node.input[1]
                if node.op_type == "MatMul"
                else node.input[0]
                if node.op_type == "Gather"
                else ""
            )
            storage = (
                storage_of(name, self.shapes[name], self.precision, self.kept)
                if name in self.shapes
                else "float"
            )
            if storage == "float":
                self._nodes.append(node)
            elif node.op_type == "Gather":
                self._look_up(node, name)
            else:
                self._multiply(node, name, storage)
        del graph.node[:]
        graph.node.extend(self._nodes)
        graph.initializer.extend([*self._external(), *self._constants.values()])
        kept = [value for value in graph.input if value.name not in self.shapes]
        del graph.input[:]
        graph.input.extend(kept)
        del graph.value_info[:]  # of the graph as it was
        if any(node.domain == "com.microsoft" for node in graph.node):
            model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    def _external(self) -> list[TensorProto]:
        """The initialisers, each an extent of the weights file."""
        found = []
        for name, dtype, shape in entries(self.shapes, self.precision, self.kept):
            tensor = TensorProto(name=name, data_location=TensorProto.EXTERNAL)
            four_bits = dtype == torch.uint8
            tensor.data_type = TensorProto.INT4 if four_bits else _TYPES[dtype]
            tensor.dims.extend(self.shapes[name] if four_bits else shape)
            extent = self.extents[name]
            for key, value in zip(("location", "offset", "length"), extent, strict=True):
                tensor.external_data.add(key=key, value=str(value))
            found.append(tensor)
        return found

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        domain = "com.microsoft" if kind == "MatMulIntegerToFloat" else ""
        self._nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def _constant(self, name: str, kind: int, value: float) -> str:
        self._constants.setdefault(name, helper.make_tensor(name, kind, [], [value]))
        return name

    def _look_up(self, node: NodeProto, name: str) -> None:
        """Rows of the embedding, which lies as (E, V), from its rounded columns.

        A CPU reads columns a number at a time, a seventh of a full pass; so there the runtime turns
        the matrix once, when it loads the graph.
        """
        if self.precision.cpu:
            turned = self._add("Transpose", [name], f"{name}.turned", perm=[1, 0])
            rows = self._add("Gather", [turned, node.input[1]], f"{name}.rows", axis=0)
            wide = self._add("Cast", [rows], f"{name}.wide", to=self._float)
            scale = self._add("Gather", [name + SCALE, node.input[1]], f"{name}.row_scales", axis=0)
            columns = self._add("Transpose", [wide], f"{name}.columns", perm=[1, 0])
            self._add("Mul", [columns, scale], node.output[0])
            return
        columns = self._add("Gather", [name, node.input[1]], f"{name}.columns", axis=1)
        scale = self._add("Gather", [name + SCALE, node.input[1]], f"{name}.column_scales", axis=0)
        self._add(
            "Mul",
            [self._add("Cast", [columns], f"{name}.wide", to=self._float), scale],
            node.output[0],
        )

    def _multiply(self, node: NodeProto, name: str, storage: str) -> None:
        x, y = node.input[0], node.output[0]
        if storage != "int4" and self.precision.cpu:
            zero = self._constant("quantised.middle", TensorProto.UINT8, _MIDDLE)
            if self.precision.activations == "static":
                rounded, scale = self._static(x, name, zero)
                self._add("MatMulIntegerToFloat", [rounded, name, scale, name + SCALE, zero], y)
                return
            rounded, peak = self._rows(x, zero)
            step = self._constant("quantised.step", self._float, 1 / 127)
            product = self._add(
                "MatMulIntegerToFloat", [rounded, name, step, name + SCALE, zero], f"{y}.of_peaks"
            )
            self._add("Mul", [product, peak], y)
            return
        blocks = {"axis": 0, "block_size": BLOCK} if storage == "int4" else {"axis": 1}
        matrix = self._add("DequantizeLinear", [name, name + SCALE], f"{name}.wide.{y}", **blocks)
        if storage != "int4":
            kind = TensorProto.INT8 if storage == "int8" else TensorProto.FLOAT8E4M3FN
            zero = self._constant("quantised.zero", kind, 0)
            rounded, scale = self._static(x, name, zero)
            x = self._add("DequantizeLinear", [rounded, scale, zero], f"{rounded}.wide.{y}")
        self._add("MatMul", [x, matrix], y)

    def _rows(self, x: str, zero: str) -> tuple[str, str]:
        """``x`` in unsigned 8 bits, in 127ths of its rows' peaks (.., 1), and these; once for all
        matrices that take it."""
        if x not in self._rounded:
            step = self._constant("quantised.step", self._float, 1 / 127)
            least = self._constant("quantised.least", self._float, 1e-10)
            last = "quantised.last_axis"
            self._constants.setdefault(last, helper.make_tensor(last, TensorProto.INT64, [1], [-1]))
            peak = self._add(
                "ReduceMax", [self._add("Abs", [x], f"{x}.abs"), last], f"{x}.largest", keepdims=1
            )
            peak = self._add("Max", [peak, least], f"{x}.peak")
            share = self._add("Div", [x, peak], f"{x}.share")
            self._rounded[x] = (
                self._add("QuantizeLinear", [share, step, zero], f"{x}.rounded"),
                peak,
            )
        return self._rounded[x]

    def _static(self, x: str, name: str, zero: str) -> tuple[str, str]:
        if x not in self._rounded:
            scale = self._constant(f"{x}.scale", self._float, self.scales[name])
            self._rounded[x] = self._add("QuantizeLinear", [x, scale, zero], f"{x}.rounded"), scale
        return self._rounded[x]


def stored_tensors(name: str, numbers: Tensor, scale: Tensor | None) -> list[tuple[str, Tensor]]:
    return [(name, numbers)] if scale is None else [(name, numbers), (name + SCALE, scale)]
