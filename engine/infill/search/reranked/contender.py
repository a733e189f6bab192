"""A text that a span may get, before it is read with what stands behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    text: str
    prior: float = 0.0
    """Nats on top of the likelihood of the text with it."""
    copy: bool = False
    """It stands elsewhere in the document, or in related text."""
