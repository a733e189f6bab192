"""Lacuna fills gaps in text: ``from lacuna import Engine, FillRequest, Span``.

Names are looked up when they are asked for: the command must be able to start before anything else
of ours is imported.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import Draft, Engine, EngineError, FillRequest, FillResult, Span, SpanResult

__all__ = ["Draft", "Engine", "EngineError", "FillRequest", "FillResult", "Span", "SpanResult"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lacuna' has no attribute {name!r}")
    return getattr(importlib.import_module("engine"), name)
