"""Build a TensorRT plan from an exported graph with the native Python API: TensorRT 10 and 11, or
TensorRT-RTX.

Networks are strongly typed: the numbers of a plan are those of the graph, so the precision is
chosen at export. Two optimisation profiles: full passes, and steps of few active tokens on cached
ones. No GPU is needed to build a plan of TensorRT-RTX; those of TensorRT are tuned on the GPU that
they are built on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from engine.backends.tensorrt.plan_shapes import input_shape, profiles
from engine.backends.tensorrt.runtime import load_tensorrt
from engine.base.atomic_write import write_file
from engine.base.errors import EngineError
from engine.network.model_config import ModelConfig

if TYPE_CHECKING:
    import tensorrt_rtx as trt
else:
    trt = load_tensorrt()


@dataclass(frozen=True)
class BuildOptions:
    """``weight_streaming`` lets weights lie in main memory where the GPU is smaller than they are;
    ``any_gpu`` builds a plan for every GPU of its family (Ampere and newer), somewhat slower than
    one for the GPU at hand."""

    weight_streaming: bool = False
    any_gpu: bool = False
    max_tokens: int = 1024
    """Active tokens of a full pass, and cached tokens of a step."""
    max_rows: int = 8

    @property
    def flags(self) -> list[str]:
        return [name for name in ("weight_streaming", "any_gpu") if getattr(self, name)]


class Tensor(msgspec.Struct, frozen=True):
    """An input or output of a plan; ``shapes`` are least, usual and largest for each profile of an
    input."""

    name: str
    dtype: str
    shapes: list[list[tuple[int, ...]]]


class BuiltPlan(msgspec.Struct, frozen=True):
    """A serialised plan and what it was built of; precisions and layers are counted over the parsed
    network."""

    data: bytes
    inputs: list[Tensor]
    outputs: list[Tensor]
    layers: dict[str, int]
    precisions: dict[str, int]


def build_plan(
    graph: Path, config: ModelConfig, options: BuildOptions, timing_cache: Path | None = None
) -> BuiltPlan:
    """Build ``graph`` (weights beside it); ``EngineError`` says why it cannot be."""
    logger = _Messages()
    builder = trt.Builder(logger)
    network = builder.create_network(_network_flags())
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        raise EngineError(f"TensorRT cannot read {graph}: {parser.get_error(0).desc()}")
    _decompose_attention(network)
    settings = builder.create_builder_config()
    settings.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if options.weight_streaming:
        settings.set_flag(trt.BuilderFlag.WEIGHT_STREAMING)
    if options.any_gpu and hasattr(trt.HardwareCompatibilityLevel, "AMPERE_PLUS"):
        settings.hardware_compatibility_level = trt.HardwareCompatibilityLevel.AMPERE_PLUS
    cache = None
    if (
        timing_cache is not None and trt.__name__ == "tensorrt"
    ):  # TensorRT-RTX picks kernels where the plan runs
        cache = settings.create_timing_cache(
            timing_cache.read_bytes() if timing_cache.exists() else b""
        )
        settings.set_timing_cache(cache, ignore_mismatch=False)
    extents = profiles(options.max_rows, options.max_tokens)
    for least, usual, most in extents:
        profile = builder.create_optimization_profile()
        for index in range(network.num_inputs):
            name = network.get_input(index).name
            low, middle, high = (
                input_shape(name, config, extent) for extent in (least, usual, most)
            )
            profile.set_shape(name, low, middle, high)
        if settings.add_optimization_profile(profile) < 0:
            raise EngineError(f"TensorRT refuses the shapes of {graph}; export the model again.")
    plan = builder.build_serialized_network(network, settings)
    if plan is None:
        raise EngineError(
            f"TensorRT cannot build a plan of {graph}: {logger.last or 'it does not say why'}"
        )
    if timing_cache is not None and cache is not None:
        write_file(timing_cache, bytes(cache.serialize()))
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    return BuiltPlan(
        data=bytes(plan),
        inputs=[
            Tensor(
                t.name,
                t.dtype.name,
                [[input_shape(t.name, config, e) for e in profile] for profile in extents],
            )
            for t in (network.get_input(index) for index in range(network.num_inputs))
        ],
        outputs=[
            Tensor(t.name, t.dtype.name, [])
            for t in (network.get_output(index) for index in range(network.num_outputs))
        ],
        layers=dict(Counter(layer.type.name for layer in layers)),
        precisions=dict(Counter(layer.get_output_type(0).name for layer in layers)),
    )


class _Messages(trt.ILogger):  # type: ignore[misc, unused-ignore]
    """Keeps TensorRT's remarks from the user's terminal; the last error is quoted when a build
    fails."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.last = ""

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
            self.last = msg


def _network_flags() -> int:
    """Strongly typed: the only kind since TensorRT 11, which ignores the flag."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _decompose_attention(network: trt.INetworkDefinition) -> None:
    """Allow attention to be built of smaller kernels where no fused one exists (fp32, for
    instance)."""
    kind = getattr(trt.LayerType, "ATTENTION_INPUT", None)
    for index in range(network.num_layers if kind is not None else 0):
        layer = network.get_layer(index)
        if layer.type == kind:
            layer.__class__ = trt.IAttentionInputLayer
            cast("trt.IAttentionInputLayer", layer).attention.decomposable = True
