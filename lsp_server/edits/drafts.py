"""A long fill while it is being written, at a bounded rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.request.messages import Draft
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_command import plain_position

NOTIFICATION = "lacuna/draft"
INTERVAL_S = 0.1
"""Drafts are shown at most so often; the newest is never lost."""


class Drafts:
    """Hands drafts from the engine's thread to those who show them."""

    def __init__(self, shown_by: Sequence[Callable[[Draft], None]], offset: int = 0) -> None:
        self._shown_by, self._offset = shown_by, offset
        self._loop = asyncio.get_running_loop()
        self._latest: Draft | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._over = False

    def __call__(self, draft: Draft) -> None:
        """From the engine's thread, after every step; ``offset`` characters of its text are not the
        document's."""
        own = (
            msgspec.structs.replace(s, start=s.start - self._offset, end=s.end - self._offset)
            for s in draft.spans
        )
        self._loop.call_soon_threadsafe(
            self._take, msgspec.structs.replace(draft, spans=tuple(own))
        )

    def end(self) -> None:
        """The fill is over: what waited is shown, and nothing more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._flush()
        self._over = True

    def _take(self, draft: Draft) -> None:
        self._latest = draft
        if self._waiting is None and not self._over:
            delay = max(0.0, self._last + INTERVAL_S - time.monotonic())
            self._waiting = self._loop.call_later(delay, self._flush)

    def _flush(self) -> None:
        self._waiting, self._last = None, time.monotonic()
        if self._latest is not None and not self._over:
            for show in self._shown_by:
                show(self._latest)


def as_notification(document: Snapshot, draft: Draft) -> dict[str, Any]:
    """What clients that render drafts are sent."""
    spans = []
    for span in draft.spans:
        found = document.range_of(span.start, span.end)
        within = {"start": plain_position(found.start), "end": plain_position(found.end)}
        spans.append({"range": within, "text": span.text, "confidence": round(span.confidence, 4)})
    return {"uri": document.uri, "version": document.version, "step": draft.step, "spans": spans}
