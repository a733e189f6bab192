"""The mask predictor in ONNX Runtime on a CPU: the default backend.

Cached keys and values stay in ``OrtValue`` arrays of the runtime; only the small outputs become numpy arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engine.backends import ALL_ROWS, Batch, Context, Ints, Predictions, identity_tie
from engine.backends.side_by_side import SideBySide
from engine.config import ModelConfig, read_model_config
from engine.errors import BackendUnavailable, CheckpointError, EngineError
from engine.step_graph import OUTPUTS, cache_names
from engine.weights import SINGLE, tensor_offsets

_CACHE_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass
class OnnxContext:
    """One array (B, G, P, D) of unrotated keys or of values a layer, in the graph's order."""

    arrays: list[NDArray[Any]]

    @property
    def length(self) -> int:
        return int(self.arrays[0].shape[2])

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> OnnxContext:
        return OnnxContext([array[rows][:, :, tokens] for array in self.arrays])


class OnnxBackend:
    name = "onnx"

    def __init__(self, session: ort.InferenceSession, config: ModelConfig) -> None:
        self._session = session
        self._context_names = cache_names(config.n_layers, "context")
        self._active_names = cache_names(config.n_layers, "active")
        self._kv_heads, self._head_dim = config.kv_heads, config.head_dim
        types = {value.name: value.type for value in session.get_inputs()}
        self._cache_type = _CACHE_TYPES[types[self._context_names[0]]]
        self._side_by_side = [SideBySide() for _ in self._context_names]
        self._options = ort.RunOptions()

    def predict(self, batch: Batch) -> Predictions:
        if batch.full:
            raise BackendUnavailable(
                "The onnx backend keeps only the best candidates; sampling from full distributions needs --backend torch."
            )
        outputs = [*OUTPUTS]
        if batch.keep is not None:
            outputs += self._active_names
        self._options = ort.RunOptions()
        try:
            found: list[NDArray[Any]] = self._session.run(outputs, self._inputs(batch), self._options)
        except Exception as exc:  # onnxruntime's own exception classes are private
            raise EngineError(f"onnxruntime failed ({type(exc).__name__}); run `lacuna doctor`.") from exc
        token_ids, log_probs, target, entropy = found[:4]
        return Predictions(token_ids, log_probs, target, entropy, self._extended(batch, found[4:]))

    def join(self, contexts: Sequence[Context]) -> OnnxContext:
        found = [context for context in contexts if isinstance(context, OnnxContext)]
        return OnnxContext(
            [self._side_by_side[i].join([c.arrays[i] for c in found]) for i in range(len(self._context_names))]
        )

    def interrupt(self) -> None:
        self._options.terminate = True

    def _inputs(self, batch: Batch) -> dict[str, NDArray[Any]]:
        rows, active = batch.input_ids.shape
        queries = batch.query_index.shape[1]
        context = batch.context
        assert context is None or isinstance(context, OnnxContext), "a context belongs to its backend"
        past = 0 if context is None else context.length
        empty = np.zeros((rows, self._kv_heads, 0, self._head_dim), self._cache_type)
        arrays = [empty] * len(self._context_names) if context is None else context.arrays
        places = batch.context_position_ids
        mask, target, tie = batch.key_mask, batch.target_ids, batch.tie
        return {
            "input_ids": batch.input_ids,
            "position_ids": batch.position_ids,
            "key_mask": np.ones((rows, past + active), bool) if mask is None else mask,
            "query_index": batch.query_index,
            "target_ids": np.zeros((rows, queries), np.int64) if target is None else target,
            "allowed": batch.allowed,
            "allowed_row": batch.allowed_row,
            "tie": np.ascontiguousarray(identity_tie(rows, queries)) if tie is None else tie,
            "context_position_ids": np.zeros((rows, 0), np.int64) if places is None else places,
            **dict(zip(self._context_names, arrays, strict=True)),
        }

    def _extended(self, batch: Batch, active: list[NDArray[Any]]) -> OnnxContext | None:
        context = batch.context
        assert context is None or isinstance(context, OnnxContext)
        if batch.keep is None:
            return context
        whole = len(batch.keep) == batch.input_ids.shape[1]
        kept = active if whole else [array[:, :, batch.keep] for array in active]
        if context is not None:
            kept = [np.concatenate(pair, axis=2) for pair in zip(context.arrays, kept, strict=True)]
        return OnnxContext(kept)


def load(folder: Path, threads: int | None = None) -> OnnxBackend:
    """Open ``folder/model.onnx``; a damaged or incomplete folder is a ``CheckpointError``."""
    config = read_model_config(folder)
    graph = folder / "model.onnx"
    if not graph.exists():
        raise CheckpointError(f"{folder} has no model.onnx; make it with `lacuna export onnx {folder} OUT`.")
    tensor_offsets(folder / SINGLE)  # a weights file that is cut short would otherwise be read past its end
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # Spinning threads double the latency as soon as anything else runs on the cores (an editor does).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's own exception classes are private
        raise CheckpointError(f"{graph} cannot be loaded ({type(exc).__name__}); export or fetch the model again.") from exc
    return OnnxBackend(session, config)
