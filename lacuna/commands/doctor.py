"""``lacuna doctor``: what can run here, what cannot and why, and whether the bundled model
answers."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import time

from engine import BASE, MINI, Engine, EngineError, FillRequest, Span, find_model
from engine.base.advice import DISTRIBUTION, install
from engine.base.errors import BackendUnavailable
from engine.service.bundled import VARIABLE
from lacuna.commands.show.terminal import show

_RUNTIMES = (
    ("onnx", "onnxruntime", "cpu"),
    ("torch", "torch", "train"),
)
_ON_GPUS = ("onnx-cuda", "onnx-tensorrt", "onnx-rtx")


def examine() -> None:
    """Print a report; raise the engine's own error when the bundled model does not answer."""
    _line("lacuna", importlib.metadata.version(DISTRIBUTION))
    _line(
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores",
    )
    for name, module, extra in _RUNTIMES:
        try:
            importlib.import_module(module)
            _line(f"backend {name}", f"{module} {importlib.metadata.version(module)}")
        except ImportError as exc:
            _line(
                f"backend {name}",
                f"not here ({exc.name or exc} cannot be imported); {install(extra)}",
            )
    for name in _ON_GPUS:
        _line(f"backend {name}", _on_gpu(name))
    _line("backend tensorrt", _tensorrt())
    _line("model", _model())
    try:
        began = time.perf_counter()
        with Engine() as engine:
            loaded = time.perf_counter()
            result = engine.fill(
                FillRequest(text="for i in ", spans=(Span(start=9, end=9, max_tokens=8),))
            )
    except EngineError:
        _line("fill", "failed")
        raise
    _line(
        "fill",
        f"works: loaded in {(loaded - began) * 1000:.0f} ms, one blank in {result.ms:.0f} ms",
    )


def _model() -> str:
    folder = find_model()
    short = folder == MINI and not os.environ.get(VARIABLE)
    return f"{folder} (memory is short for {BASE.name})" if short else str(folder)


def _on_gpu(name: str) -> str:
    try:
        from engine.backends.onnx.providers import unavailable
    except ImportError:
        return f"not here (onnxruntime cannot be imported); {install('gpu')}"
    why = unavailable(name)
    return f"not here ({why})" if why else "ready"


def _tensorrt() -> str:
    from engine.backends.tensorrt.device import CudaDevice
    from engine.backends.tensorrt.runtime import load_tensorrt

    try:
        runtime = load_tensorrt()
        return f"{runtime.__name__} {runtime.__version__} on {CudaDevice().name}"
    except BackendUnavailable as exc:
        return f"not here: {exc}"


def _line(what: str, value: str) -> None:
    show(f"{what:22} {value}\n")
