"""``lacuna export tensorrt``: a model folder with a graph for a GPU and, below ``plans``, plans of
it for this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.backends.tensorrt.device import CudaDevice
from engine.backends.tensorrt.runtime import (
    ANY_GPU,
    FOLDER,
    PlanKey,
    find_plan,
    graph_hash,
    load_tensorrt,
    write_plan,
)
from engine.base.atomic_write import write_file
from engine.base.errors import BackendUnavailable, CheckpointError
from engine.network.config_file import read_model_config
from export.onnx_export import export_onnx
from export.precision import PRECISION
from export.tensorrt_plan import BuildOptions, build_plan

TIMINGS = "timing.cache"


def export_tensorrt(
    checkpoint: Path,
    out: Path,
    precision: str = "bf16",
    options: BuildOptions | None = None,
    texts: Sequence[str] = (),
) -> Path:
    """The plan in ``out`` that fits this machine; built unless it is there. ``texts`` calibrate.

    A ``checkpoint`` that is an exported folder for GPUs keeps its precision; with ``out`` the same
    folder, only a plan is added to it.
    """
    options = options or BuildOptions()
    trt = load_tensorrt()
    gpu = _gpu(trt.__name__)
    if not _is_exported(checkpoint):
        if precision not in PRECISION or (PRECISION[precision].cpu and precision != "float"):
            names = ", ".join(name for name, known in PRECISION.items() if not known.cpu)
            raise ValueError(
                f"precision {precision!r} is not for GPUs; choose one of {names}, float."
            )
        export_onnx(checkpoint, out, precision, texts)
    elif checkpoint.resolve() != out.resolve():
        export_onnx(checkpoint, out, read_model_config(checkpoint).weights_precision, texts)
    try:
        key, path = find_plan(out, trt.__name__, trt.__version__, gpu)
        if (key.max_tokens, key.max_rows, key.flags) == (
            options.max_tokens,
            options.max_rows,
            options.flags,
        ):
            return path
    except CheckpointError:
        pass  # none that fits
    (out / FOLDER).mkdir(exist_ok=True)
    plan = build_plan(out / "model.onnx", read_model_config(out), options, out / FOLDER / TIMINGS)
    key = PlanKey(
        graph=graph_hash(out),
        runtime=trt.__name__,
        version=trt.__version__,
        gpu=ANY_GPU if options.any_gpu or gpu == ANY_GPU else gpu,
        max_tokens=options.max_tokens,
        max_rows=options.max_rows,
        flags=options.flags,
    )
    path = write_plan(out, key, plan.data)
    report = msgspec.json.encode(
        {name: getattr(plan, name) for name in ("layers", "precisions", "inputs", "outputs")}
    )
    write_file(out / FOLDER / f"{path.stem}.built", msgspec.json.format(report) + b"\n")
    return path


def _is_exported(folder: Path) -> bool:
    exported = (folder / "model.onnx").exists() and (folder / "manifest.json").exists()
    return exported and not PRECISION[read_model_config(folder).weights_precision].cpu


def _gpu(runtime: str) -> str:
    """The GPU here; TensorRT-RTX builds for all of its GPUs where there is none."""
    try:
        return CudaDevice().name
    except BackendUnavailable:
        if runtime != "tensorrt_rtx":
            raise
        return ANY_GPU
