"""Memory, streams and graphs of a CUDA device: the few calls that the TensorRT backend makes.

Behind a protocol, so that everything above it runs in tests on a machine without a GPU.
"""

from __future__ import annotations

import ctypes
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engine.base.advice import install_for_gpu
from engine.base.errors import BackendUnavailable, EngineError


class Buffer(Protocol):
    """Device memory; freed with the object."""

    @property
    def address(self) -> int: ...

    @property
    def nbytes(self) -> int: ...


class Device(Protocol):
    """One GPU with one stream; calls are queued in order and ``synchronise`` waits for them."""

    stream: int

    def allocate(self, nbytes: int) -> Buffer: ...

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A host array that the device reads and writes directly; it lives as long as the
        process."""
        ...

    def upload(self, target: Buffer, source: NDArray[Any]) -> None: ...

    def download(self, target: NDArray[Any], source: Buffer) -> None: ...

    def copy_rows(
        self,
        target: Buffer,
        source: Buffer,
        at: tuple[int, int],
        pitch: tuple[int, int],
        width: int,
        rows: int,
    ) -> None:
        """Copy ``rows`` pieces of ``width`` bytes; ``at`` and ``pitch`` are of target and source,
        in bytes."""
        ...

    def synchronise(self) -> None: ...

    def begin_capture(self) -> None: ...

    def end_capture(self) -> object: ...

    def launch(self, graph: object) -> None: ...


class CudaBuffer:
    def __init__(self, device: CudaDevice, nbytes: int) -> None:
        self._device, self.nbytes = device, nbytes
        self.address = int(device.call("cudaMalloc", max(1, nbytes)))

    def __del__(self) -> None:
        # At the end of the process the driver may be gone before the buffer is.
        self._device.runtime.cudaFree(self.address)


class CudaDevice:
    """The current GPU, through NVIDIA's own Python bindings."""

    def __init__(self) -> None:
        try:
            from cuda.bindings import runtime
        except ImportError as exc:
            raise BackendUnavailable(f"{exc.name} is missing; {install_for_gpu()}.") from exc
        self.runtime: Any = runtime
        error, count = runtime.cudaGetDeviceCount()
        if int(error) or not count:
            raise BackendUnavailable(
                f"No NVIDIA GPU can be used here ({error.name}); use --backend onnx."
            )
        self.stream = int(self.call("cudaStreamCreate"))

    @property
    def name(self) -> str:
        properties = self.call("cudaGetDeviceProperties", 0)
        return f"{properties.name.decode()} {properties.major}.{properties.minor}"

    def call(self, name: str, *arguments: Any) -> Any:
        """A call of the CUDA runtime; ``EngineError`` names the call and the error."""
        error, *found = getattr(self.runtime, name)(*arguments)
        if int(error):
            if "MemoryAllocation" in error.name:
                raise EngineError(
                    "The GPU has too little memory; export with --weight-streaming or use a "
                    "smaller model."
                )
            raise EngineError(f"The GPU failed ({name}: {error.name}); run `lacuna doctor`.")
        return found[0] if found else None

    def allocate(self, nbytes: int) -> CudaBuffer:
        return CudaBuffer(self, nbytes)

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        address = int(self.call("cudaMallocHost", max(1, size)))
        raw = (ctypes.c_byte * size).from_address(address)
        return np.ctypeslib.as_array(raw).view(dtype).reshape(shape)

    def upload(self, target: Buffer, source: NDArray[Any]) -> None:
        self._copy(target.address, source.ctypes.data, source.nbytes, "cudaMemcpyHostToDevice")

    def download(self, target: NDArray[Any], source: Buffer) -> None:
        self._copy(target.ctypes.data, source.address, target.nbytes, "cudaMemcpyDeviceToHost")

    def copy_rows(
        self,
        target: Buffer,
        source: Buffer,
        at: tuple[int, int],
        pitch: tuple[int, int],
        width: int,
        rows: int,
    ) -> None:
        kind = self.runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        addresses = target.address + at[0], pitch[0], source.address + at[1], pitch[1]
        self.call("cudaMemcpy2DAsync", *addresses, width, rows, kind, self.stream)

    def synchronise(self) -> None:
        self.call("cudaStreamSynchronize", self.stream)

    def begin_capture(self) -> None:
        self.call(
            "cudaStreamBeginCapture",
            self.stream,
            self.runtime.cudaStreamCaptureMode.cudaStreamCaptureModeRelaxed,
        )

    def end_capture(self) -> object:
        return self.call("cudaGraphInstantiate", self.call("cudaStreamEndCapture", self.stream), 0)

    def launch(self, graph: object) -> None:
        self.call("cudaGraphLaunch", graph, self.stream)

    def _copy(self, target: int, source: int, nbytes: int, kind: str) -> None:
        self.call(
            "cudaMemcpyAsync",
            target,
            source,
            nbytes,
            getattr(self.runtime.cudaMemcpyKind, kind),
            self.stream,
        )
