"""What became of the suggestion on show, read off the edits that follow it.

Clients have no message for it, and a command on the item, which they run on acceptance, keeps VS
Code from asking for the next suggestion. An edit that brings two or more characters of the
suggestion at once accepted a part or all of it.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from lsp_server.documents.document import Snapshot

RECENT = 20
"""Suggestions that tell how welcome they are at present."""
PRIOR_RATE = 0.3
"""Share of accepted ones before anything is known, and how much it counts: as much as
``PRIOR_WEIGHT`` suggestions."""
PRIOR_WEIGHT = 4


@dataclass
class _Shown:
    at: int
    """Where the answers begin."""
    answers: tuple[str, ...]
    typed: str = ""
    accepted: bool = False
    """A part was accepted."""


@dataclass
class Acceptance:
    """Counts what is shown, accepted, accepted in part; one suggestion a document is on show at a
    time."""

    counts: Counter[str] = field(default_factory=Counter)
    _on_show: dict[str, _Shown] = field(default_factory=dict)
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    def show(self, uri: str, at: int, answers: tuple[str, ...], typed: str = "") -> None:
        """``answers`` are shown, which begin at ``at`` with what is ``typed`` already; the one
        before them is gone."""
        self.forget(uri)
        self.counts["shown"] += 1
        self._on_show[uri] = _Shown(at, answers, typed)

    def edited(self, document: Snapshot, start: int, end: int, new: str) -> None:
        """Before ``document[start:end]`` becomes ``new``."""
        shown = self._on_show.get(document.uri)
        if shown is None:
            return
        typed = shown.typed + new
        along = start == end == shown.at + len(shown.typed) and any(
            answer.startswith(typed) for answer in shown.answers
        )
        if not along:
            self.forget(document.uri)
            return
        shown.typed = typed
        whole = typed in shown.answers
        if len(new) > 1:
            self.counts["accepted_in_part"] += not whole and not shown.accepted
            self.counts["accepted_in_part"] -= (
                whole and shown.accepted
            )  # the part has become the whole
            self.counts["accepted"] += whole
            shown.accepted = True
        if whole:
            self.forget(document.uri)

    def forget(self, uri: str) -> None:
        """Nothing is on show any more."""
        if (shown := self._on_show.pop(uri, None)) is not None:
            self._recent.append(shown.accepted)

    @property
    def rate(self) -> float:
        """Share of the latest suggestions that were accepted at least in part."""
        return (PRIOR_RATE * PRIOR_WEIGHT + sum(self._recent)) / (PRIOR_WEIGHT + len(self._recent))
