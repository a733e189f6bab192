"""Exact 8-bit products are asked for where the processor's own ones overflow, and only there."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine import MINI
from engine.backends.onnx import providers
from engine.backends.onnx.byte_products import DEPTH, GRAPH, WEIGHT, byte_products_overflow

COLUMNS = 16
EXACT = "session.x64quantprecision"


def recipe():
    """The graph that is kept beside the code."""
    constants = {
        "weights": np.full((DEPTH, COLUMNS), WEIGHT, np.int8),
        "one": np.float32(1),
        "ones": np.ones(COLUMNS, np.float32),
        "zero": np.uint8(0),
    }
    product = helper.make_node(
        "MatMulIntegerToFloat",
        ["x", "weights", "one", "ones", "zero"],
        ["y"],
        domain="com.microsoft",
    )
    graph = helper.make_graph(
        [product],
        "byte_products",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["rows", DEPTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", COLUMNS])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def test_the_kept_graph_is_the_one_of_the_recipe():
    assert onnx.load(GRAPH) == recipe()


def test_what_the_probe_says_is_what_numpy_says():
    """With full-size numbers, a model's own product is exact just where the probe says so."""
    rng = np.random.default_rng(0)
    x = rng.integers(128, 256, (3, DEPTH)).astype(np.uint8)
    session = ort.InferenceSession(GRAPH.read_bytes(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})
    exact = x.astype(np.int64).sum(1, keepdims=True) * WEIGHT
    assert (found == exact).all() is np.bool_(not byte_products_overflow())


@pytest.mark.parametrize("overflows", [False, True])
def test_slower_exact_products_are_asked_for_only_where_the_fast_ones_overflow(
    monkeypatch, overflows
):
    monkeypatch.setattr(providers, "byte_products_overflow", lambda: overflows)
    session = providers.open_session(MINI / "model.onnx", "onnx", 1, multiplies_bytes=True)
    options = session.get_session_options()
    if overflows:
        assert options.get_session_config_entry(EXACT) == "1"
    else:
        with pytest.raises(RuntimeError, match=EXACT):
            options.get_session_config_entry(EXACT)
