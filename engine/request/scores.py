"""How surprised the model is by a text: the answer to a request for scores."""

from __future__ import annotations

from engine.base.structs import Config


class ScoredToken(Config, kw_only=True, frozen=True):
    """One token of a text; ``start`` and ``end`` are code points."""

    start: int
    end: int
    text: str
    log_prob: float
    """In nats, given the text on both sides."""


class ScoreResult(Config, kw_only=True, frozen=True):
    tokens: tuple[ScoredToken, ...]
    mean_surprise: float
    """Nats a token."""
    nfe: int
    """Passes of the mask predictor."""
    model: str
    backend: str
