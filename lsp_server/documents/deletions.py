"""What the user deleted a moment ago: nobody wants it back as a suggestion before they type it
again themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lsp_server.documents.document import Snapshot

KEPT, FOR_S = 16, 60.0
LONGEST = 2_000
"""Characters of a deletion; more is a rearrangement, and its beginning says enough."""


@dataclass
class Deleted:
    text: str
    at: int
    """Where it stood, moved along with later edits."""
    when: float


@dataclass
class RecentDeletions:
    """The latest deletions of every open document; those that touch are one, as with one backspace
    after another."""

    clock: Callable[[], float] = time.monotonic
    _of: dict[str, list[Deleted]] = field(default_factory=dict)

    def edited(self, document: Snapshot, start: int, end: int, new: str) -> None:
        """Before ``document[start:end]`` becomes ``new``."""
        kept = self._of.setdefault(document.uri, [])
        removed = document.text[start : min(end, start + LONGEST)]
        joins = _join(kept[-1], start, end, removed) if kept and removed and not new else None
        for deletion in kept:
            deletion.at = _moved(deletion.at, start, end, len(new))
        if new:
            typed = document.text[max(0, start - LONGEST) : start] + new
            around = typed + document.text[end : end + LONGEST]
            low = start - (len(typed) - len(new))
            kept[:] = [
                d
                for d in kept
                if not (typed.endswith(d.text) or d.text in new or _stands_again(d, around, low))
            ]
        if joins is not None:
            kept[-1].text, kept[-1].when = joins, self.clock()
        elif removed.strip():
            kept.append(Deleted(removed, start, self.clock()))
            del kept[:-KEPT]

    def of(self, uri: str) -> list[Deleted]:
        """What counts now, the newest last."""
        now = self.clock()
        return [deletion for deletion in self._of.get(uri, ()) if now - deletion.when <= FOR_S]

    def forget(self, uri: str) -> None:
        self._of.pop(uri, None)


def _join(last: Deleted, start: int, end: int, removed: str) -> str | None:
    """What both deletions removed together, where the second one begins or ends at the first."""
    if end == last.at:
        return (removed + last.text)[-LONGEST:]
    return (last.text + removed)[:LONGEST] if start == last.at else None


def _moved(at: int, start: int, end: int, came: int) -> int:
    """An offset after an edit; text that comes at the very offset stands behind it."""
    if at > end:
        return at - (end - start) + came
    return min(at, start)


def _stands_again(deletion: Deleted, around: str, low: int) -> bool:
    """True when the text is back at its offset; ``around`` begins at offset ``low``."""
    return deletion.at >= low and around.startswith(deletion.text, deletion.at - low)
