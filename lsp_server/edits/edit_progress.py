"""What the user sees while an edit is computed: the status, drafts, a preview, progress that can be
cancelled."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from lsprotocol import types

from engine.base.errors import RequestRejected
from engine.request.messages import Draft
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.edits.drafts import NOTIFICATION, Drafts, as_notification

USUAL_STEPS = 16
"""Of a fill: what progress is told in shares of."""
_numbers = itertools.count(1)


class EditProgress:
    """An asynchronous context around the work; cancelling the progress ends it with
    ``RequestRejected``."""

    def __init__(self, server: ServerContext, document: Snapshot, title: str, offset: int) -> None:
        self._server, self._document, self._title = server, document, title
        self._token: str | None = None
        self._starting: asyncio.Task[None] | None = None
        self._steps = 0
        self._loop = asyncio.get_running_loop()
        shown_by: list[Callable[[Draft], None]] = [
            lambda draft: server.previews.show(document, draft)
        ]
        self._renders = server.settings(document.uri).drafts
        if self._renders:
            shown_by.append(
                lambda draft: server.editor.notify(NOTIFICATION, as_notification(document, draft))
            )
        self._drafts = Drafts(shown_by, offset)

    async def __aenter__(self) -> EditProgress:
        task = asyncio.current_task()
        assert task is not None, "commands run in tasks"
        self._task = task
        self._server.status.busy += 1
        self._server.show_status()
        if not self._renders and self._server.editor.shows_progress:
            self._starting = asyncio.ensure_future(
                self._start()
            )  # the editor's answer is not waited for
        return self

    async def _start(self) -> None:
        token, task = f"lacuna/{next(_numbers)}", self._task
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0)
        if await self._server.editor.begin_progress(token, begin):
            self._server.editor.on_progress_cancelled(token, task.cancel)
            self._token = token

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._drafts.end()
        self._server.previews.end(self._document)
        self._server.status.busy -= 1
        self._server.show_status()
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
        if self._token is not None:
            token, self._token = self._token, None
            if self._server.editor.end_progress(token) and kind is asyncio.CancelledError:
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
            self._server.editor.report_progress(self._token, share)
