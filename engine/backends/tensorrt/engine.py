"""Open a plan: all that the backend asks of TensorRT itself.

`make test-tensorrt` checks this file against stubs made from TensorRT's bindings.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.backends.tensorrt.bound_pass import Execution
from engine.backends.tensorrt.runtime import load_tensorrt
from engine.base.errors import CheckpointError

if TYPE_CHECKING:
    import tensorrt_rtx as trt
else:
    trt = load_tensorrt()

NAME: str = trt.__name__
VERSION: str = trt.__version__


def open_plan(path: Path, stream: int, weight_streaming: bool) -> tuple[list[Execution], int]:
    """An execution context for every profile, and the bytes of a cached number."""
    runtime = trt.Runtime(trt.Logger(trt.ILogger.Severity.ERROR))
    engine = runtime.deserialize_cuda_engine(path.read_bytes())
    if engine is None:
        raise CheckpointError(
            f"{path} cannot be loaded here; delete it and run `lacuna export tensorrt` again."
        )
    if weight_streaming:
        engine.weight_streaming_budget_v2 = engine.get_weight_streaming_automatic_budget()
    executions: list[Execution] = []
    for profile in range(engine.num_optimization_profiles):
        context = engine.create_execution_context()
        if context is None:
            raise CheckpointError(
                f"{path} needs more memory than the GPU has; export with --weight-streaming or "
                "--max-rows 1."
            )
        context.set_optimization_profile_async(profile, stream)
        executions.append(context)
    return executions, engine.get_tensor_dtype("context.0.keys").itemsize
