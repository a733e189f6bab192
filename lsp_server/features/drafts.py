"""A long fill while it is being written: drafts for clients that render them, progress with a cancel button elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from engine import Draft
from lsp_server.document import Snapshot

NOTIFICATION = "lacuna/draft"
INTERVAL_S = 0.1
"""Drafts are sent at most so often; the newest is never lost."""


class Drafts:
    """Hands drafts from the engine's thread to the client at a bounded rate."""

    def __init__(self, document: Snapshot, send: Callable[[dict[str, object]], None]) -> None:
        self._document, self._send = document, send
        self._loop = asyncio.get_running_loop()
        self._latest: Draft | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._over = False

    def __call__(self, draft: Draft) -> None:
        """From the engine's thread, after every step."""
        self._loop.call_soon_threadsafe(self._take, draft)

    def end(self) -> None:
        """The fill is over: what waited is sent, and nothing more."""
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
        draft = self._latest
        if draft is None or self._over:
            return
        spans = [{"text": span.text, "confidence": round(span.confidence, 4)} for span in draft.spans]
        self._send({"uri": self._document.uri, "version": self._document.version, "step": draft.step, "spans": spans})
