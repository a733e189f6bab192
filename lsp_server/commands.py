"""Commands that change a document: each computes an edit for the version at hand and asks the client to apply it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from engine import Draft, EngineError, RequestRejected
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.features import alternatives, blanks, rewriting
from lsp_server.features.drafts import NOTIFICATION, Drafts
from lsp_server.features.edits import Asked, argument_of, plain

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer

MakeEdit = Callable[[EngineClient, Asked], Awaitable[types.WorkspaceEdit]]
EDITS: dict[str, tuple[str, MakeEdit]] = {
    blanks.COMMAND: ("Fill the blanks", blanks.fill),
    blanks.SELECTIONS: ("Fill the selections", blanks.fill_selections),
    rewriting.REWRITE: ("Rewrite", rewriting.rewrite),
    rewriting.BEFORE: ("Write before", rewriting.write_before),
}
"""Command -> label of its edit, and what computes it."""
USUAL_STEPS = 16
"""Of a fill: what progress is told in shares of."""
_numbers = itertools.count(1)


def register_commands(server: LacunaServer) -> None:
    for name in EDITS:
        _register(server, name)

    @server.command(alternatives.COMMAND)
    async def other_words(argument: Any) -> dict[str, Any] | None:
        """Words that could stand at the place, for a client that lets the user choose."""
        options = plain(argument)
        document = known_document(server, options)
        if document is None:
            return None
        try:
            start, end = alternatives.place_of(document, range_of(server, options.get("range")))
            found = await alternatives.alternatives(server.engine, document, start, end, server.related(document))
        except EngineError as exc:
            server.tell(f"Lacuna: {exc}")
            return None
        return argument_of(document, document.range_of(start, end), word=document.text[start:end], alternatives=found)


def _register(server: LacunaServer, name: str) -> None:
    @server.command(name)
    async def command(argument: Any) -> dict[str, Any] | None:
        return await run_edit(server, name, argument)


async def run_edit(server: LacunaServer, name: str, argument: Any) -> dict[str, Any] | None:
    """Compute the edit and have it applied; the client refuses when the text moved on."""
    label = EDITS[name][0]
    edit = await make_edit(server, name, plain(argument))
    if edit is None:
        return None
    answer = await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit=edit, label=label))
    if not answer.applied:
        server.tell("Lacuna: the text changed in the meantime; ask again.")
    return {"applied": answer.applied}


async def make_edit(server: LacunaServer, name: str, options: dict[str, Any]) -> types.WorkspaceEdit | None:
    """The edit of a command; ``None`` when the user was told why there is none."""
    label, make = EDITS[name]
    document = known_document(server, options)
    if document is None:
        return None
    own = {key: value for key, value in options.items() if key not in ("uri", "version", "range")}
    began = time.perf_counter()
    workspace = server.client_capabilities.workspace
    edits = workspace.workspace_edit if workspace else None
    annotated = bool(edits and edits.change_annotation_support)
    try:
        within = range_of(server, options.get("range"))
        async with Shown(server, document, label) as shown:
            asked = Asked(document, within, own, server.related(document), annotated, shown.take)
            edit = await make(server.engine, asked)
    except EngineError as exc:
        server.tell(f"Lacuna: {exc}")
        return None
    server.status.answered(label, (time.perf_counter() - began) * 1000, True)
    return edit


class Shown:
    """What the user sees while an edit is computed: drafts, or progress that can be cancelled, or nothing."""

    def __init__(self, server: LacunaServer, document: Snapshot, title: str) -> None:
        self._server, self._title = server, title
        self._drafts: Drafts | None = None
        self._token: str | None = None
        self._steps = 0
        self._loop = asyncio.get_running_loop()
        if server.settings.drafts:
            self._drafts = Drafts(document, lambda draft: server.protocol.notify(NOTIFICATION, draft))

    async def __aenter__(self) -> Shown:
        window = self._server.client_capabilities.window
        if self._drafts is None and window is not None and window.work_done_progress:
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
        if self._drafts is not None:
            self._drafts.end()
        if self._token is not None:
            token, self._token = self._token, None
            cancelled = self._server.work_done_progress.tokens.pop(token, None)
            self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
            if kind is asyncio.CancelledError and cancelled is not None and cancelled.cancelled():
                raise RequestRejected("Cancelled.") from error

    def take(self, draft: Draft) -> None:
        """From the engine's thread, after every step."""
        if self._drafts is not None:
            self._drafts(draft)
        elif self._token is not None:
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._steps += 1
        if self._token is not None:
            share = min(99, 100 * self._steps // USUAL_STEPS)
            self._server.work_done_progress.report(self._token, types.WorkDoneProgressReport(percentage=share))


def known_document(server: LacunaServer, options: dict[str, Any]) -> Snapshot | None:
    document = server.documents.get(str(options.get("uri", "")))
    if document is None:
        server.tell("Lacuna does not know this document; open it first.")
    return document


def range_of(server: LacunaServer, raw: Any) -> types.Range | None:
    try:
        return None if raw is None else server.protocol._converter.structure(raw, types.Range)
    except Exception as exc:  # cattrs has a tree of its own
        raise RequestRejected("The command's range is none; send `start` and `end`, each with line and character.") from exc
