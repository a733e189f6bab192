"""Load a backend by name, so that the engine imports no runtime of its own."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from engine.backends.interface import Backend
from engine.base.advice import install
from engine.base.errors import BackendUnavailable

_ONNX_ON_GPU = ("onnx-cuda", "onnx-tensorrt", "onnx-rtx")
_MODULES = {"onnx": "onnx.backend", "torch": "torch.backend", "tensorrt": "tensorrt.backend"}
_MODULES |= dict.fromkeys(_ONNX_ON_GPU, "onnx.backend")
_EXTRAS = {
    "onnx": f"onnxruntime is missing; {install('cpu')}",
    "torch": f"torch is missing; {install('train')}",
    "tensorrt": f"TensorRT is missing; {install('gpu')}",
    "onnx-cuda": f"onnxruntime is missing; {install('gpu')}",
    "onnx-tensorrt": f"onnxruntime is missing; {install('gpu')}",
    "onnx-rtx": f"onnxruntime is missing; {install('rtx')}",
}


def load_backend(name: str, folder: Path, threads: int | None = None) -> Backend:
    """Load a backend by name for a model folder; ``auto`` is onnx where the folder holds a graph,
    else torch."""
    if name == "auto":
        name = "onnx" if (folder / "model.onnx").exists() else "torch"
    if name not in _MODULES:
        raise BackendUnavailable(
            f"There is no backend {name!r}; choose one of auto, {', '.join(_MODULES)}."
        )
    try:
        module: Any = importlib.import_module(f"engine.backends.{_MODULES[name]}")
    except ModuleNotFoundError as exc:
        if (exc.name or "").split(".")[0] == "engine":
            raise
        raise BackendUnavailable(f"The {name} backend cannot run here: {_EXTRAS[name]}.") from exc
    backend: Backend = (
        module.load(folder, threads, name) if name in _ONNX_ON_GPU else module.load(folder, threads)
    )
    return backend
