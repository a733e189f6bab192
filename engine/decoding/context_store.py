"""Contexts that outlive a request: the next keystroke in a document encodes what changed, not everything again.

Only for models whose context never sees the spans. An unchanged context is reused as it is, which is exact. After an edit
the changed tokens and their vicinity are encoded over the kept keys and values of the others (as dInfer refreshes the
vicinity of a block, arXiv 2510.08666): an approximation, ended by a whole encoding after some edits. A session is one
document of one user; its contexts serve no other.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.backends.interface import Context
from engine.base.arrays import Ints

VICINITY = 8
"""Tokens on either side of an edit that are encoded again."""
WORTH = 0.5
"""A larger part of the context than this is not worth a partial pass."""
MAX_BYTES = 64 << 20
"""Of all sessions together; the last one is kept whatever its size."""


@dataclass(frozen=True)
class Kept:
    """One context: its tokens in the order of the text, and where the rows of the handle stand among them."""

    ids: Ints  # (P,)
    order: Ints  # (P,) row r of the handle is token ``order[r]``
    handle: Context
    edits: int = 0
    """Partial encodings since the last whole one."""


@dataclass(frozen=True)
class Part:
    """What is left to encode of a context, and what is there already."""

    active: Ints
    """Tokens to encode."""
    reused: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Tokens whose rows ``context`` holds, in its order."""
    context: Context | None = None
    edits: int = 0


class KeptContexts:
    """The last context of each session, the least recently used thrown away first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self.served: Counter[Literal["reused", "edited", "encoded"]] = Counter()
        """How contexts of sessions came about: kept as they were, in part, or wholly anew."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Memory of all kept keys and values."""
        return sum(kept.handle.nbytes for kept in self._kept.values())

    def part(self, session: str, ids: Ints, most_edits: int) -> Part:
        """How to get the context ``ids``: from the session's last one, if at most ``most_edits`` partial passes made it."""
        part = self._part(self._kept.get(session), ids, most_edits)
        self.served["encoded" if part.context is None else "edited" if len(part.active) else "reused"] += 1
        return part

    def _part(self, kept: Kept | None, ids: Ints, most_edits: int) -> Part:
        if kept is None:
            return Part(np.arange(len(ids)))
        if np.array_equal(kept.ids, ids) and kept.edits <= most_edits:
            return Part(np.empty(0, np.int64), kept.order, kept.handle, kept.edits)
        front, back = _common(kept.ids, ids)
        first, last = max(0, front - VICINITY), min(len(ids), len(ids) - back + VICINITY)
        if kept.edits >= most_edits or last - first > WORTH * len(ids):
            return Part(np.arange(len(ids)))
        moved = len(ids) - len(kept.ids)
        # Tokens after the edit have moved; those of the edit and its vicinity are left behind.
        place = np.where(kept.order < front, kept.order, kept.order + moved)
        rows = np.flatnonzero(
            ((kept.order < front) | (kept.order >= len(kept.ids) - back)) & ((place < first) | (place >= last))
        )
        return Part(np.arange(first, last), place[rows], kept.handle.take(rows), kept.edits + 1)

    def put(self, session: str, kept: Kept) -> None:
        """Remember a session's context, and forget the oldest ones beyond the bound."""
        self._kept[session] = kept
        self._kept.move_to_end(session)
        while len(self._kept) > 1 and self.nbytes > self._max_bytes:
            self._kept.popitem(last=False)

    def forget(self, session: str) -> None:
        """A document was closed."""
        self._kept.pop(session, None)


def _common(old: Ints, new: Ints) -> tuple[int, int]:
    """How many tokens both begin with, and how many of the others both end with."""
    most = min(len(old), len(new))
    differs = old[:most] != new[:most]
    front = int(np.argmax(differs)) if differs.any() else most
    rest = most - front
    tail = (old[len(old) - rest :] != new[len(new) - rest :])[::-1]
    return front, int(np.argmax(tail)) if tail.any() else rest
