"""The plan of a policy by its name."""

from __future__ import annotations

from engine.decoding.caching.cache_plan import BlockCache, CachePlan, FullPass
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.caching.hidden_context import HiddenSpans


def make_plan(cache: str) -> CachePlan:
    """Of ``none``, ``prefix``, ``dual``, ``hidden`` or ``causal``, without a session."""
    if cache == "none":
        return FullPass()
    if cache == "hidden":
        return HiddenSpans()
    if cache == "causal":
        return CausalContext()
    return BlockCache(keep_suffix=cache == "dual")
