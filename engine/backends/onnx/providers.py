"""Sessions of onnxruntime on the processor that was asked for, or a sentence that names what is
missing.

onnxruntime falls back to the CPU without a word to its caller when a provider's libraries cannot be
loaded, and lists the provider as available all the same; so what a session runs on is compared with
what was asked for.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import onnxruntime as ort

from engine.backends.onnx.byte_products import byte_products_overflow
from engine.base.advice import install
from engine.base.errors import BackendUnavailable, CheckpointError

CPU = "CPUExecutionProvider"
PLUGIN = "onnx-rtx"
"""The backend whose provider is a plug-in."""
_PLUGIN_MODULE = "onnxruntime_ep_nv_tensorrt_rtx"
PROVIDERS = {
    "onnx": CPU,
    "onnx-cuda": "CUDAExecutionProvider",
    "onnx-tensorrt": "TensorrtExecutionProvider",
    "onnx-rtx": "NvTensorRTRTXExecutionProvider",
}
"""Backend -> execution provider."""
_CUDA = (
    "libcuda.so.1",
    "libcudart.so.13",
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcurand.so.10",
)
LIBRARIES = {
    "onnx-cuda": _CUDA,
    "onnx-tensorrt": (*_CUDA, "libcudnn.so.9", "libnvinfer.so.10", "libnvonnxparser.so.10"),
    "onnx-rtx": ("libcuda.so.1",),
}
"""What the wheels of onnxruntime 1.31 link (read from their dynamic sections)."""
_OPTIONS = {
    "onnx-tensorrt": {"trt_engine_cache_enable": "1", "trt_timing_cache_enable": "1"},
}


NO_FILES: Mapping[str, bytes | bytearray] = MappingProxyType({})


def open_session(
    graph: Path,
    backend: str,
    threads: int | None = None,
    weights: Mapping[str, bytes | bytearray] = NO_FILES,
    multiplies_bytes: bool = False,
) -> ort.InferenceSession:
    """A session of ``graph`` for a name of ``PROVIDERS``; ``BackendUnavailable`` when it would run
    elsewhere.

    ``weights`` are files that the graph refers to, by name; the session copies what it needs while
    it is made. Left to itself onnxruntime maps these files, and the process would end (SIGBUS) when
    one is cut short later. ``multiplies_bytes`` says that the graph's own products are of 8-bit
    numbers.
    """
    provider = PROVIDERS[backend]
    require(backend)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or usual_threads()
    options.log_severity_level = 3
    if weights:
        options.add_external_initializers_from_files_in_memory(
            list(weights), list(weights.values()), [len(data) for data in weights.values()]
        )
    # Threads that spin without end double the latency as soon as anything else runs on the cores
    # (an editor does); those that never do are woken for every node, a fifth of a step. Ten
    # microseconds cost a third of one, and that only while all cores are taken by others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", "10")
    if multiplies_bytes and provider == CPU and byte_products_overflow():
        # This spoils graphs whose matrices are dequantised first: those are left alone.
        options.add_session_config_entry("session.x64quantprecision", "1")
    asked: list[object] = [
        provider if backend not in _OPTIONS else (provider, _cached(_OPTIONS[backend], graph))
    ]
    if backend == PLUGIN:
        options.add_provider_for_devices(_plugin_devices(), {})
    try:
        if backend == PLUGIN:
            return ort.InferenceSession(str(graph), options)
        session = ort.InferenceSession(
            str(graph), options, providers=[*asked, CPU] if provider != CPU else asked
        )
    except Exception as exc:  # onnxruntime's own exception classes are private
        raise CheckpointError(
            f"{graph} cannot be loaded ({type(exc).__name__}); export or fetch the model again."
        ) from exc
    check_provider(session, backend)
    return session


def usual_threads() -> int:
    """The cores that this process may use; 0, which lets onnxruntime count, where the system does
    not tell.

    Left to count, onnxruntime also ties each thread to one core. The thread that calls it is not
    tied, so both often shared a core and took turns: half of all sessions were 1.5 to 2 times
    slower, for as long as they lived. On a busy machine a process even waited for ever, when it
    ended, for a thread that was being moved to its core.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    smt = Path("/sys/devices/system/cpu/smt/active")
    siblings = 2 if smt.exists() and smt.read_text().strip() == "1" else 1
    return max(1, len(os.sched_getaffinity(0)) // siblings)


def require(backend: str) -> None:
    """``BackendUnavailable`` when a backend cannot run here."""
    if PROVIDERS[backend] != CPU and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # of the CUDA wheels, where they are installed
    if backend == PLUGIN:
        _register_plugin()
    if why := unavailable(backend):
        raise BackendUnavailable(f"The {backend} backend cannot run here: {why}.")


def check_provider(session: ort.InferenceSession, backend: str) -> None:
    """``BackendUnavailable`` when onnxruntime fell back to another provider."""
    if session.get_providers()[0] != PROVIDERS[backend]:
        why = missing_library(backend) or "onnxruntime could not start its provider"
        raise BackendUnavailable(
            f"The {backend} backend fell back to the CPU: {why}; run `lacuna doctor` or use "
            "--backend onnx."
        )


def unavailable(backend: str) -> str:
    """Why a backend cannot run here, with what to install; empty when nothing speaks against it."""
    if backend == PLUGIN:
        if importlib.util.find_spec(_PLUGIN_MODULE) is None:
            return f"{_PLUGIN_MODULE} is missing; {install('rtx')}"
        return missing_library(backend) or (
            "" if _plugin_devices() else "it knows no GPU of this machine"
        )
    if PROVIDERS[backend] not in ort.get_available_providers():
        return f"this onnxruntime has no {PROVIDERS[backend]}; {install('gpu')}"
    return missing_library(backend)


def _register_plugin() -> None:
    """Tell onnxruntime of the provider for GeForce cards, which is a wheel of its own."""
    if importlib.util.find_spec(_PLUGIN_MODULE) is None or _plugin_devices():
        return
    plugin = importlib.import_module(_PLUGIN_MODULE)
    # What it lacks is named by `unavailable`, which is asked next.
    with suppress(Exception):
        ort.register_execution_provider_library(PROVIDERS[PLUGIN], str(plugin.get_library_path()))


def _plugin_devices() -> list[ort.OrtEpDevice]:
    return [device for device in ort.get_ep_devices() if device.ep_name == PROVIDERS[PLUGIN]]


def missing_library(backend: str) -> str:
    """The first library of a provider that cannot be loaded."""
    for name in LIBRARIES.get(backend, ()):
        try:
            ctypes.CDLL(name)
        except OSError:
            advice = "install an NVIDIA driver" if name == "libcuda.so.1" else install("gpu")
            return f"{name} is missing; {advice}"
    return ""


def _cached(options: dict[str, str], graph: Path) -> dict[str, str]:
    return options | {
        "trt_engine_cache_path": str(graph.parent / "plans"),
        "trt_timing_cache_path": str(graph.parent / "plans"),
    }
