"""The engine: the mask predictor and everything that turns spans into text. It knows no editor and
imports no torch."""

import os

from engine.base.errors import (
    BackendUnavailable,
    CheckpointError,
    EngineError,
    EngineUnavailable,
    RequestRejected,
)
from engine.infill.gate.deletions import was_deleted
from engine.infill.gate.rules import REASONS
from engine.request.blank_markers import MARKERS, Blanks, SkippedMarker, find_blanks, language_of
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import (
    Deletion,
    Draft,
    DraftSpan,
    DraftToken,
    FillRequest,
    FillResult,
    SamplerOptions,
    Snippet,
    Span,
    SpanResult,
    Withheld,
)
from engine.request.scores import ScoredToken, ScoreResult
from engine.service.bundled import BASE, MINI, MODELS, find_model
from engine.service.core import Engine

__all__ = [
    "MARKERS",
    "BASE",
    "MINI",
    "MODELS",
    "BackendUnavailable",
    "BeforeRequest",
    "Blanks",
    "CheckpointError",
    "Deletion",
    "Draft",
    "DraftSpan",
    "DraftToken",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "FillRequest",
    "FillResult",
    "REASONS",
    "RequestRejected",
    "RewriteRequest",
    "SamplerOptions",
    "ScoreResult",
    "ScoredToken",
    "SkippedMarker",
    "Snippet",
    "Span",
    "SpanResult",
    "Withheld",
    "find_model",
    "find_blanks",
    "language_of",
    "was_deleted",
]

# onnxruntime's wheels for Linux (seen in 1.32) make a device id and a database of events to send as
# soon as a session is opened. It has to be told before it is imported; its own
# `disable_telemetry_events` does not prevent it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
