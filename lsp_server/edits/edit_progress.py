"""What the user sees while an edit is computed: the status, drafts, a preview, progress that can be cancelled."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from engine import Draft, RequestRejected
from lsp_server.documents.document import Snapshot
from lsp_server.edits.drafts import NOTIFICATION, Drafts, as_notification

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer

USUAL_STEPS = 16
"""Of a fill: what progress is told in shares of."""
_numbers = itertools.count(1)


class EditProgress:
    """An asynchronous context around the work; cancelling the progress ends it with ``RequestRejected``."""

    def __init__(self, server: LacunaServer, document: Snapshot, title: str, offset: int) -> None:
        self._server, self._document, self._title = server, document, title
        self._token: str | None = None
        self._steps = 0
        self._loop = asyncio.get_running_loop()
        shown_by: list[Callable[[Draft], None]] = [lambda draft: server.previews.show(document, draft)]
        self._renders = server.settings(document.uri).drafts
        if self._renders:
            shown_by.append(lambda draft: server.protocol.notify(NOTIFICATION, as_notification(document, draft)))
        self._drafts = Drafts(shown_by, offset)

    async def __aenter__(self) -> EditProgress:
        self._server.status.busy += 1
        self._server.show_status()
        window = self._server.client_capabilities.window
        if not self._renders and window is not None and window.work_done_progress:
            token = f"lacuna/{next(_numbers)}"
            progress = self._server.work_done_progress
            with suppress(Exception):  # a client may refuse to show it
                await progress.create_async(token)
                begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0)
                progress.begin(token, begin)
                self._token = token
                task = asyncio.current_task()
                progress.tokens[token].add_done_callback(lambda f: task.cancel() if f.cancelled() and task else None)
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._drafts.end()
        self._server.previews.end(self._document)
        self._server.status.busy -= 1
        self._server.show_status()
        if self._token is not None:
            token, self._token = self._token, None
            cancelled = self._server.work_done_progress.tokens.pop(token, None)
            self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
            if kind is asyncio.CancelledError and cancelled is not None and cancelled.cancelled():
                raise RequestRejected("Cancelled.") from error

    def take(self, draft: Draft) -> None:
        """From the engine's thread, after every step."""
        self._drafts(draft)
        if self._token is not None:
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._steps += 1
        if self._token is not None:
            share = min(99, 100 * self._steps // USUAL_STEPS)
            self._server.work_done_progress.report(self._token, types.WorkDoneProgressReport(percentage=share))
