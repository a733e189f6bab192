"""The fast ways are really taken: a fill that fell back to a slow one would still be right, and
nobody would notice."""

import os

import onnxruntime as ort

from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.onnx.providers import usual_threads

TEXT = "".join(f"value_{i} = compute(width, {i}) + offset\n" for i in range(40))
REQUEST = FillRequest(
    text=TEXT,
    spans=(Span(start=600, end=600, tokens=8),),
    copies=False,
    sampler=SamplerOptions(repairs=0),
)


def test_steps_run_on_cached_context_by_default(bundled):
    with Engine(bundled) as engine:
        seen, predict = [], engine.backend.predict
        engine.backend.predict = lambda batch: seen.append(batch) or predict(batch)
        engine.fill(REQUEST)
    assert engine.backend.name == "onnx"
    assert seen[0].input_ids.shape[1] > 300 and seen[0].keep is not None
    assert all(batch.input_ids.shape[1] <= 8 and batch.context.length > 300 for batch in seen[1:])


def test_the_session_has_the_provider_and_the_threads_of_the_machine(bundled):
    with Engine(bundled) as engine:
        session = engine.backend.session
    options = session.get_session_options()
    assert session.get_providers() == ["CPUExecutionProvider"]
    # Counted by us: left to count, onnxruntime ties its threads to cores.
    assert 1 <= options.intra_op_num_threads <= len(os.sched_getaffinity(0))
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    assert (
        options.get_session_config_entry("session.intra_op.spin_duration_us") == "10"
    )  # no longer: others need the cores


def test_the_bundled_graph_multiplies_in_int8_and_turns_keys_in_one_node(bundled):
    import onnx

    graph = onnx.load(str(bundled / "model.onnx"), load_external_data=False).graph
    count = {
        op: sum(node.op_type == op for node in graph.node)
        for op in ("MatMulIntegerToFloat", "MatMul", "RotaryEmbedding")
    }
    layers = 6
    assert (
        count["MatMulIntegerToFloat"] == 7 * layers + 1 and count["RotaryEmbedding"] == 2 * layers
    )
    assert count["MatMul"] <= 1  # ties


def test_a_process_that_may_use_one_core_has_one_thread():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usual_threads() == 1
    finally:
        os.sched_setaffinity(0, allowed)
