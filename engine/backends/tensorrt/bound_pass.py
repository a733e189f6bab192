"""One shape of pass, bound to its memory: inputs and outputs in one piece of pinned host memory
each, one CUDA graph.

The first run of a shape lets TensorRT set itself up, the second is captured, later ones are
launched as one graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.backends.tensorrt.device import Buffer, Device
from engine.base.errors import EngineError

_ALIGNED = 256


class Execution(Protocol):
    """The part of ``tensorrt.IExecutionContext`` that is used."""

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool: ...

    def set_tensor_address(self, name: str, address: int) -> bool: ...

    def execute_async_v3(self, stream: int) -> bool: ...


@dataclass(frozen=True)
class Slot:
    """An array inside an arena."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize


class Arena:
    """Small arrays that travel together: the same bytes in pinned host memory and on the device."""

    def __init__(self, device: Device, slots: Mapping[str, Slot]) -> None:
        offsets, end = {}, 0
        for name, slot in slots.items():
            offsets[name] = end
            end += -(-slot.nbytes // _ALIGNED) * _ALIGNED
        self.host = device.pinned((end,), np.uint8)
        self.buffer = device.allocate(end)
        self.addresses = {name: self.buffer.address + offset for name, offset in offsets.items()}
        self.arrays: dict[str, NDArray[Any]] = {
            name: self.host[offsets[name] : offsets[name] + slot.nbytes]
            .view(slot.dtype)
            .reshape(slot.shape)
            for name, slot in slots.items()
        }


class BoundPass:
    """Inputs are written into ``inputs``, outputs are read from ``outputs`` after ``run``."""

    def __init__(
        self,
        device: Device,
        execution: Execution,
        inputs: Mapping[str, Slot],
        outputs: Mapping[str, Slot],
        caches: Mapping[str, tuple[tuple[int, ...] | None, Buffer]],
    ) -> None:
        """``caches`` are tensors that stay on the device: their shape, if they are inputs, and
        their memory."""
        self._device, self._execution = device, execution
        self._in, self._out = Arena(device, inputs), Arena(device, outputs)
        self.inputs, self.outputs = self._in.arrays, self._out.arrays
        self._shapes = {name: slot.shape for name, slot in inputs.items()}
        self._shapes |= {name: shape for name, (shape, _) in caches.items() if shape is not None}
        self._addresses = (
            self._in.addresses
            | self._out.addresses
            | {n: buffer.address for n, (_, buffer) in caches.items()}
        )
        self._runs = 0
        self._graph: object = None

    def run(self) -> None:
        """Upload, compute, download; returns when the outputs are there."""
        self._device.upload(self._in.buffer, self._in.host)
        if self._graph is None:
            self._bind()
            if self._runs:
                self._device.begin_capture()
                self._compute()
                self._graph = self._device.end_capture()
            else:
                self._compute()
        if self._graph is not None:
            self._device.launch(self._graph)
        self._runs += 1
        self._device.download(self._out.host, self._out.buffer)
        self._device.synchronise()

    def _bind(self) -> None:
        for name, shape in self._shapes.items():
            if not self._execution.set_input_shape(name, shape):
                raise EngineError(
                    f"The plan has no profile for {name} of shape {shape}; export it with "
                    "--max-tokens."
                )
        for name, address in self._addresses.items():
            self._execution.set_tensor_address(name, address)

    def _compute(self) -> None:
        if not self._execution.execute_async_v3(self._device.stream):
            raise EngineError("TensorRT could not run a pass; run `lacuna doctor`.")
