"""Edits other than filling: what is asked. ``engine/infill/edits/`` carries them out, and answers
with a ``FillResult`` of one span."""

from __future__ import annotations

from engine.request.messages import EditRequest


class RewriteRequest(EditRequest, kw_only=True, frozen=True):
    """Write ``text[start:end]`` again."""

    start: int
    end: int
    keep: tuple[str, ...] = ()
    """Words of the new text, in order."""
    strength: float = 1.0
    """Share of the words that may change, the most surprising first."""
    same_length: bool = False
    """As many tokens as now."""

    def __post_init__(self) -> None:
        if not 0.0 < self.strength <= 1.0:
            raise ValueError(f"strength {self.strength} is not in (0, 1]")


class BeforeRequest(EditRequest, kw_only=True, frozen=True):
    """Write ``tokens`` tokens that stand at ``at`` and lead to what follows; ``n`` candidates of
    each piece."""

    at: int
    tokens: int = 64
