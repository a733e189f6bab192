"""Build a TensorRT plan from an exported graph with the native Python API: TensorRT 10 and 11, or TensorRT-RTX.

Networks are strongly typed: the numbers of a plan are those of the graph, so the precision is chosen at export. Two
optimisation profiles: full passes, and steps of few active tokens on cached ones. No GPU is needed to build a plan of
TensorRT-RTX; those of TensorRT are tuned on the GPU that they are built on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.backends.plan_shapes import input_shape, profiles
from engine.backends.tensorrt_runtime import load_tensorrt
from engine.config import ModelConfig
from engine.errors import EngineError


@dataclass(frozen=True)
class BuildOptions:
    """``weight_streaming`` lets weights lie in main memory where the GPU is smaller than they are; ``any_gpu`` builds a plan
    for every GPU of its family (Ampere and newer), somewhat slower than one for the GPU at hand."""

    weight_streaming: bool = False
    any_gpu: bool = False
    max_tokens: int = 1024
    """Active tokens of a full pass, and cached tokens of a step."""
    max_rows: int = 8

    @property
    def flags(self) -> list[str]:
        return [name for name in ("weight_streaming", "any_gpu") if getattr(self, name)]


def build_plan(graph: Path, config: ModelConfig, options: BuildOptions, timing_cache: Path | None = None) -> bytes:
    """The serialised plan of ``graph`` (weights beside it); ``EngineError`` says why there is none."""
    trt = load_tensorrt()
    messages = _Messages()
    logger = messages.logger(trt)
    builder = trt.Builder(logger)
    if builder is None:
        raise EngineError("TensorRT cannot start here; run `lacuna doctor`.")
    network = builder.create_network(_network_flags(trt))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        raise EngineError(f"TensorRT cannot read {graph}: {parser.get_error(0).desc()}")
    _decompose_attention(trt, network)
    settings = builder.create_builder_config()
    settings.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if options.weight_streaming:
        settings.set_flag(trt.BuilderFlag.WEIGHT_STREAMING)
    if options.any_gpu:
        settings.hardware_compatibility_level = trt.HardwareCompatibilityLevel.AMPERE_PLUS
    cache = None
    if timing_cache is not None:
        cache = settings.create_timing_cache(timing_cache.read_bytes() if timing_cache.exists() else b"")
        settings.set_timing_cache(cache, ignore_mismatch=False)
    for extents in profiles(options.max_rows, options.max_tokens):
        profile = builder.create_optimization_profile()
        for index in range(network.num_inputs):
            name = network.get_input(index).name
            profile.set_shape(name, *(input_shape(name, config, extent) for extent in extents))
        if settings.add_optimization_profile(profile) < 0:
            raise EngineError(f"TensorRT refuses the shapes of {graph}; export the model again.")
    plan = builder.build_serialized_network(network, settings)
    if plan is None:
        raise EngineError(f"TensorRT cannot build a plan of {graph}: {messages.last or 'it does not say why'}")
    if timing_cache is not None and cache is not None:
        timing_cache.write_bytes(bytes(cache.serialize()))
    return bytes(plan)


class _Messages:
    """Keeps TensorRT's errors from the user's terminal; the last is quoted when a build fails."""

    def __init__(self) -> None:
        self.last = ""

    def logger(self, trt: Any) -> Any:
        messages = self

        class Logger(trt.ILogger):  # type: ignore[misc]
            def __init__(self) -> None:
                trt.ILogger.__init__(self)

            def log(self, severity: Any, text: str) -> None:
                if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                    messages.last = text

        return Logger()


def _network_flags(trt: Any) -> int:
    """Strongly typed: the only kind since TensorRT 11, which ignores the flag."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _decompose_attention(trt: Any, network: Any) -> None:
    """Allow attention to be built of smaller kernels where no fused one exists (fp32, for instance)."""
    kind = getattr(trt.LayerType, "ATTENTION_INPUT", None)
    for index in range(network.num_layers if kind is not None else 0):
        layer = network.get_layer(index)
        if layer.type == kind:
            layer.__class__ = trt.IAttentionInputLayer
            layer.attention.decomposable = True
