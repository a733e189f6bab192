"""The mask predictor as a TensorRT plan. Keys and values never leave the GPU.

Passes are padded up to buckets (``plan_shapes``). Every bucket has its memory and its CUDA graph
(``bound_pass``); cached keys lie at one address for all of them, since a graph knows only fixed
ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import SHARED_ON_GPU, Batch, Context, Predictions, identity_tie
from engine.backends.tensorrt.bound_pass import BoundPass, Execution, Slot
from engine.backends.tensorrt.device import Buffer, CudaDevice, Device
from engine.backends.tensorrt.device_context import (
    CacheShape,
    DeviceContext,
    copy_tokens,
    empty_context,
    join,
)
from engine.backends.tensorrt.plan_shapes import Extent, bucket, input_shape, profile_of
from engine.backends.tensorrt.runtime import find_plan
from engine.base.errors import BackendUnavailable, RequestRejected
from engine.network.config_file import read_model_config
from engine.network.graph_io import NUM_CANDIDATES, OUTPUTS, STRETCH, cache_names, graph_inputs
from engine.network.model_config import ModelConfig

MAX_BUCKETS = 24
"""Shapes that keep their memory and their graph; the one unused longest goes first."""
_FLAGS = ("key_mask", "allowed")
_FLOATS = ("tie", "log_probs", "target_log_probs", "entropy")


class TensorrtBackend:
    name = "tensorrt"
    shared_tokens = SHARED_ON_GPU

    def __init__(
        self,
        device: Device,
        executions: Sequence[Execution],
        config: ModelConfig,
        itemsize: int,
        max_tokens: int,
        max_rows: int,
    ) -> None:
        """``executions`` are the plan's profiles, ``itemsize`` the bytes of a cached number."""
        self._device, self._executions, self._config = device, executions, config
        self._most = max_tokens, max_rows
        self._shape = CacheShape(config.kv_heads, config.head_dim, itemsize)
        self._inputs = graph_inputs(config)
        self._names = cache_names(config.n_layers, "context")
        largest = self._shape.nbytes(max_rows, max_tokens)
        self._context = [device.allocate(largest) for _ in self._names]
        self._active = [device.allocate(largest) for _ in self._names]
        self._staged: tuple[Context | None, int] = (None, 0)
        self.passes: OrderedDict[Extent, BoundPass] = OrderedDict()
        """Those that are bound, the one that ran last at the end."""

    def predict(self, batch: Batch) -> Predictions:
        if batch.full:
            raise BackendUnavailable(
                "The tensorrt backend keeps only the best candidates; full distributions need "
                "--backend torch."
            )
        context = batch.context
        assert context is None or isinstance(context, DeviceContext), (
            "a context belongs to its backend"
        )
        rows, active = batch.input_ids.shape
        own = Extent(
            rows,
            active,
            0 if context is None else context.length,
            batch.query_index.shape[1],
            len(batch.allowed),
        )
        if own.active > self._most[0] or own.cached > self._most[0] or rows > self._most[1]:
            raise RequestRejected(
                f"A pass of {rows} x {max(own.active, own.cached)} tokens is more than the plan of "
                f"{self._most[1]} x "
                f"{self._most[0]} holds; use a smaller window or export with --max-tokens."
            )
        padded = bucket(own, self._most[0])
        self._stage(context, padded.cached)
        bound = self._bound(padded)
        self._fill(bound.inputs, batch, own, padded)
        bound.run()
        queries = slice(0, own.queries)
        found = {name: array[:, queries].copy() for name, array in bound.outputs.items()}
        return Predictions(**found, context=self._extended(batch, own, padded))

    def join(self, contexts: Sequence[Context]) -> DeviceContext:
        return join([context for context in contexts if isinstance(context, DeviceContext)])

    def interrupt(self) -> None:
        """A pass on the GPU cannot be ended early; it ends by itself within milliseconds."""

    def release(self) -> None:
        """The memory of every shape is allocated once and kept."""

    def _stage(self, context: DeviceContext | None, cached: int) -> None:
        """Put cached keys where the graphs look for them, unless they lie there."""
        if context is None or (self._staged[0] is context and self._staged[1] == cached):
            return
        tokens = np.arange(context.length)
        for target, source in zip(self._context, context.buffers, strict=True):
            ends = (target, cached), (source, context.length)
            copy_tokens(self._device, self._shape, *ends, tokens, 0, (0, 0, context.rows))
        self._staged = context, cached

    def _bound(self, extent: Extent) -> BoundPass:
        if extent not in self.passes:
            if len(self.passes) >= MAX_BUCKETS:
                self.passes.popitem(last=False)
            self.passes[extent] = self._bind(extent)
        self.passes.move_to_end(extent)
        return self.passes[extent]

    def _bind(self, extent: Extent) -> BoundPass:
        config, e = self._config, extent
        inputs = {name: Slot(input_shape(name, config, e), _dtype(name)) for name in self._inputs}
        outputs = {
            name: Slot(
                (e.batch, e.queries, NUM_CANDIDATES)[: 3 if name in OUTPUTS[:2] else 2],
                _dtype(name),
            )
            for name in OUTPUTS
        }
        caches: dict[str, tuple[tuple[int, ...] | None, Buffer]] = {}
        for name, buffer in zip(self._names, self._context, strict=True):
            caches[name] = input_shape(name, config, e), buffer
        for name, buffer in zip(cache_names(config.n_layers, "active"), self._active, strict=True):
            caches[name] = None, buffer
        return BoundPass(self._device, self._executions[profile_of(e)], inputs, outputs, caches)

    def _fill(
        self, arrays: dict[str, NDArray[Any]], batch: Batch, own: Extent, padded: Extent
    ) -> None:
        """Write a batch into its bucket; padding is seen by nobody and asked for nothing."""
        for name in self._inputs:
            arrays[name][...] = 0
        active, queries = slice(0, own.active), slice(0, own.queries)
        arrays["input_ids"][:, active] = batch.input_ids
        arrays["position_ids"][:, active] = batch.position_ids
        arrays["query_index"][:, queries] = batch.query_index
        arrays["allowed"][: own.rules] = batch.allowed
        arrays["allowed"][own.rules :] = True
        arrays["allowed_row"][:, queries] = batch.allowed_row
        if batch.target_ids is not None:
            arrays["target_ids"][:, queries] = batch.target_ids
        arrays["tie"][...] = identity_tie(own.batch, padded.queries)
        if batch.tie is not None:
            arrays["tie"][:, queries, queries] = batch.tie
        if batch.context_position_ids is not None:
            arrays["context_position_ids"][:, : own.cached] = batch.context_position_ids
        if batch.stretch is not None:
            arrays[STRETCH][:, : own.cached] = batch.stretch[:, : own.cached]
            arrays[STRETCH][:, padded.cached : padded.cached + own.active] = batch.stretch[
                :, own.cached :
            ]
        known = batch.key_mask
        mask = arrays["key_mask"]
        mask[:, : own.cached] = True if known is None else known[:, : own.cached]
        mask[:, padded.cached : padded.cached + own.active] = (
            True if known is None else known[:, own.cached :]
        )

    def _extended(self, batch: Batch, own: Extent, padded: Extent) -> DeviceContext | None:
        context = batch.context
        assert context is None or isinstance(context, DeviceContext)
        if batch.keep is None:
            return context
        made = empty_context(
            self._device, self._shape, len(self._names), own.batch, own.cached + len(batch.keep)
        )
        if context is not None:
            made.put(context, np.arange(own.cached), 0, (0, 0, own.batch))
        for target, source in zip(made.buffers, self._active, strict=True):
            ends = (target, made.length), (source, padded.active)
            copy_tokens(self._device, self._shape, *ends, batch.keep, own.cached, (0, 0, own.batch))
        return made


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(np.bool_ if name in _FLAGS else np.float32 if name in _FLOATS else np.int64)


def load(folder: Path, threads: int | None = None) -> TensorrtBackend:
    """The plan of ``folder`` that was built for this GPU; ``threads`` means nothing here."""
    from engine.backends.tensorrt import engine as tensorrt_engine  # needs TensorRT itself

    config, device = read_model_config(folder), CudaDevice()
    key, path = find_plan(folder, tensorrt_engine.NAME, tensorrt_engine.VERSION, device.name)
    executions, itemsize = tensorrt_engine.open_plan(
        path, device.stream, "weight_streaming" in key.flags
    )
    return TensorrtBackend(device, executions, config, itemsize, key.max_tokens, key.max_rows)
