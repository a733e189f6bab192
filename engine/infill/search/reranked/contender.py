"""Texts that a span may get, before they are read with what stands behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    text: str
    prior: float = 0.0
    """Nats on top of the likelihood of the text with it."""
    copy: bool = False
    """It stands elsewhere in the document, or in related text."""


@dataclass(frozen=True)
class Contenders:
    """Those that are read, the likeliest of the model's own first."""

    read: tuple[Contender, ...]
    unread: float = 0.0
    """How likely its other answers are together, as a multiple of the first one."""
