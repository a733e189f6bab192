"""The mask predictor in ONNX Runtime, on a CPU by default.

On a CPU cached keys and values are arrays that the runtime reads in place; binding them beforehand
was measured to gain nothing (1.58 ms a step against 1.60). For a GPU they are sent once, before the
first step that reads them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engine.backends.interface import (
    SHARED_ON_CPU,
    SHARED_ON_GPU,
    Batch,
    Context,
    Predictions,
    identity_tie,
)
from engine.backends.onnx.context import OnnxContext
from engine.backends.onnx.providers import open_session
from engine.backends.onnx.side_by_side import SideBySide
from engine.base.errors import BackendUnavailable, CheckpointError, EngineError
from engine.base.memory import trim
from engine.network.config_file import read_model_config
from engine.network.graph_io import OUTPUTS, STRETCH, cache_names, graph_inputs
from engine.network.model_config import ModelConfig
from engine.network.weights import read_weights, weight_files

logger = logging.getLogger(__name__)

OF_BYTES = ("int8", "int8-static")
"""Precisions whose graphs multiply 8-bit numbers, rather than what these stand for."""
_CACHE_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxBackend:
    def __init__(
        self,
        session: ort.InferenceSession,
        config: ModelConfig,
        name: str = "onnx",
        device: str = "cpu",
    ) -> None:
        """``device`` is where the session's provider has its memory: ``cpu`` or ``cuda``."""
        self.name = name
        self.shared_tokens = SHARED_ON_CPU if device == "cpu" else SHARED_ON_GPU
        self.session, self._device = session, device
        self._context_names = cache_names(config.n_layers, "context")
        self._active_names = cache_names(config.n_layers, "active")
        self._kv_heads, self._head_dim = config.kv_heads, config.head_dim
        self._has_stretches = STRETCH in graph_inputs(config)
        self._vocab = config.embedding_rows
        types = {value.name: value.type for value in session.get_inputs()}
        self._cache_type = _CACHE_TYPES[types[self._context_names[0]]]
        self._side_by_side = [SideBySide() for _ in self._context_names]
        self._options = ort.RunOptions()

    def predict(self, batch: Batch) -> Predictions:
        if batch.full:
            raise BackendUnavailable(
                "The onnx backend keeps only the best candidates; sampling from full distributions "
                "needs --backend torch."
            )
        outputs = [*OUTPUTS]
        if batch.keep is not None:
            outputs += self._active_names
        self._options = ort.RunOptions()
        try:
            found = self._run(outputs, batch)
        except Exception as exc:  # onnxruntime's own exception classes are private
            raise EngineError(
                f"onnxruntime failed ({type(exc).__name__}); run `lacuna doctor`."
            ) from exc
        token_ids, log_probs, target, entropy = found[:4]
        if np.isnan(log_probs[..., 0]).any():
            raise EngineError(
                "The model computes no numbers here; `lacuna models --check` tells whether its "
                "files are whole."
            )
        return Predictions(token_ids, log_probs, target, entropy, self._extended(batch, found[4:]))

    def _run(self, outputs: list[str], batch: Batch) -> list[NDArray[Any]]:
        inputs, context = self._inputs(batch), batch.context
        if self._device == "cpu" or not isinstance(context, OnnxContext):
            plain: list[NDArray[Any]] = self.session.run(outputs, inputs, self._options)
            return plain
        if context.sent is None:
            context.sent = [
                ort.OrtValue.ortvalue_from_numpy(array, self._device, 0) for array in context.arrays
            ]
        binding = self.session.io_binding()
        for name, value in zip(self._context_names, context.sent, strict=True):
            binding.bind_ortvalue_input(name, value)
        for name in inputs.keys() - set(self._context_names):
            binding.bind_cpu_input(name, np.ascontiguousarray(inputs[name]))
        for name in outputs:
            binding.bind_output(name, "cpu")
        self.session.run_with_iobinding(binding, self._options)
        bound: list[NDArray[Any]] = binding.copy_outputs_to_cpu()
        return bound

    def join(self, contexts: Sequence[Context]) -> OnnxContext:
        wholes = [context.whole() for context in contexts if isinstance(context, OnnxContext)]
        return OnnxContext(
            [
                self._side_by_side[i].join(arrays)
                for i, arrays in enumerate(zip(*wholes, strict=True))
            ]
        )

    def interrupt(self) -> None:
        self._options.terminate = True

    def release(self) -> None:
        """onnxruntime keeps the memory of its largest pass; a small one with the option to shrink
        gives it back."""
        self._side_by_side = [SideBySide() for _ in self._context_names]
        if self._device != "cpu":
            return
        options, one = ort.RunOptions(), np.zeros((1, 1), np.int64)
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        try:
            self.session.run(
                [*OUTPUTS],
                self._inputs(Batch(one, one, one, np.ones((1, self._vocab), bool), one)),
                options,
            )
        except (
            Exception
        ) as exc:  # onnxruntime's own exception classes are private; the memory stays with it then
            logger.warning("Memory could not be given back: %s", type(exc).__name__)
        trim()

    def _inputs(self, batch: Batch) -> dict[str, NDArray[Any]]:
        rows, active = batch.input_ids.shape
        queries = batch.query_index.shape[1]
        context = batch.context
        assert context is None or isinstance(context, OnnxContext), (
            "a context belongs to its backend"
        )
        past = 0 if context is None else context.length
        empty = np.zeros((rows, self._kv_heads, 0, self._head_dim), self._cache_type)
        arrays = [empty] * len(self._context_names) if context is None else context.arrays
        target, tie = batch.target_ids, batch.tie
        mask = np.ones((rows, past + active), bool) if batch.key_mask is None else batch.key_mask
        positions = (
            np.zeros((rows, 0), np.int64)
            if batch.context_position_ids is None
            else batch.context_position_ids
        )
        stretch = (
            np.zeros((rows, past + active), np.int64) if batch.stretch is None else batch.stretch
        )
        if context is not None:
            positions, mask, stretch = context.as_held(positions, mask, stretch)
        inputs = {
            "input_ids": batch.input_ids,
            "position_ids": batch.position_ids,
            "key_mask": mask,
            "query_index": batch.query_index,
            "target_ids": np.zeros((rows, queries), np.int64) if target is None else target,
            "allowed": batch.allowed,
            "allowed_row": batch.allowed_row,
            "tie": np.ascontiguousarray(identity_tie(rows, queries)) if tie is None else tie,
            "context_position_ids": positions,
            **dict(zip(self._context_names, arrays, strict=True)),
        }
        return inputs | {STRETCH: stretch} if self._has_stretches else inputs

    def _extended(self, batch: Batch, active: list[NDArray[Any]]) -> OnnxContext | None:
        context = batch.context
        assert context is None or isinstance(context, OnnxContext)
        if batch.keep is None:
            return context
        whole = len(batch.keep) == batch.input_ids.shape[1]
        kept = active if whole else [array[:, :, batch.keep] for array in active]
        if context is None:
            return OnnxContext(kept)
        # What was sent to a device would have to be sent again for every row that is written, and
        # contexts side by side are taken apart again.
        in_place = self._device == "cpu" and len(batch.input_ids) == 1
        return context.extended(kept) if in_place else OnnxContext(context.whole(kept))


def load(folder: Path, threads: int | None = None, name: str = "onnx") -> OnnxBackend:
    """Open ``folder/model.onnx``; a damaged or incomplete folder is a ``CheckpointError``."""
    config = read_model_config(folder)
    graph = folder / "model.onnx"
    if not graph.exists():
        raise CheckpointError(
            f"{folder} has no model.onnx; make it with `lacuna export onnx {folder} OUT`."
        )
    weights = {path.name: read_weights(path) for path in weight_files(folder)}
    session = open_session(graph, name, threads, weights, config.weights_precision in OF_BYTES)
    # The session has copies by now, and packing them leaves as much free memory as they take.
    del weights
    trim()
    return OnnxBackend(session, config, name, "cpu" if name == "onnx" else "cuda")
