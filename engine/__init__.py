"""The engine: the mask predictor and everything that turns spans into text. It knows no editor and imports no torch."""

from engine.before import BeforeRequest
from engine.blanks import MARKERS, Blanks, Skipped, find_blanks, language_of
from engine.core import BUNDLED, Engine
from engine.errors import BackendUnavailable, CheckpointError, EngineError, EngineUnavailable, RequestRejected
from engine.messages import Draft, DraftSpan, FillRequest, FillResult, SamplerOptions, Snippet, Span, SpanResult
from engine.rewrite import RewriteRequest
from engine.score import ScoredToken, ScoreResult

__all__ = [
    "MARKERS",
    "BUNDLED",
    "BackendUnavailable",
    "BeforeRequest",
    "Blanks",
    "CheckpointError",
    "Draft",
    "DraftSpan",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "FillRequest",
    "FillResult",
    "RequestRejected",
    "RewriteRequest",
    "SamplerOptions",
    "ScoreResult",
    "ScoredToken",
    "Skipped",
    "Snippet",
    "Span",
    "SpanResult",
    "find_blanks",
    "language_of",
]
