"""Lacuna fills gaps in text: ``from lacuna import Engine, FillRequest, Span``."""

from importlib.metadata import version

from engine import Draft, Engine, EngineError, FillRequest, FillResult, Span, SpanResult

__version__ = version("lacuna")
__all__ = ["Draft", "Engine", "EngineError", "FillRequest", "FillResult", "Span", "SpanResult", "__version__"]
