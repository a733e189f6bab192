"""Contexts that outlive a request: the next keystroke in a document encodes what changed, not
everything again.

A session is one document of one user; its contexts serve no other. What is left to encode of a
context is decided by ``hidden_context`` and ``causal_context``, for the two kinds of models that
encode it without the spans.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.backends.interface import Context
from engine.base.arrays import Ints

MAX_BYTES = 64 << 20
"""Of all sessions together; the last one is kept whatever its size."""


@dataclass(frozen=True)
class Kept:
    """One context: its tokens in the order of the canvas, and where the rows of the handle stand
    among them."""

    ids: Ints  # (P,)
    stretches: Ints  # (P,) the stretch of every token; zeros where the model knows none
    order: Ints  # (P,) row r of the handle is token ``order[r]``
    handle: Context
    edits: int = 0
    """Partial encodings since the last whole one, where those are approximate."""


@dataclass(frozen=True)
class Part:
    """What is left to encode of a context, and what is there already; tokens are counted among the
    context's own."""

    active: Ints
    """Tokens to encode."""
    reused: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Tokens whose rows ``context`` holds, in its order."""
    context: Context | None = None
    edits: int = 0


class ContextStore:
    """The last context of each session, the least recently used thrown away first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self.served: Counter[Literal["reused", "edited", "encoded"]] = Counter()
        """How contexts of sessions came about: kept as they were, in part, or wholly encoded."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Memory of all kept keys and values."""
        return sum(kept.handle.nbytes for kept in self._kept.values())

    def get(self, session: str) -> Kept | None:
        """The last context of a session."""
        return self._kept.get(session)

    def put(self, session: str, kept: Kept) -> None:
        """Remember a session's context, and forget the oldest ones beyond the bound."""
        self._kept[session] = kept
        self._kept.move_to_end(session)
        while len(self._kept) > 1 and self.nbytes > self._max_bytes:
            self._kept.popitem(last=False)

    def forget(self, session: str) -> None:
        """A document was closed."""
        self._kept.pop(session, None)


def common_beginning(old: Ints, new: Ints) -> int:
    """How many tokens both begin with."""
    most = min(len(old), len(new))
    differs = old[:most] != new[:most]
    return int(np.argmax(differs)) if differs.any() else most
