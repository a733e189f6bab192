"""Commands that change a document: each computes an edit for the version at hand and asks the client to apply it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from engine import EngineError, RequestRejected
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_progress import EditProgress
from lsp_server.engine_client import EngineClient
from lsp_server.features import alternatives, blanks, rewriting
from lsp_server.edits.edit_command import EditCommand, Shape, argument_of, plain

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer

MakeEdit = Callable[[EngineClient, EditCommand], Awaitable[types.WorkspaceEdit]]
EDITS: dict[str, tuple[str, MakeEdit]] = {
    blanks.COMMAND: ("Fill the blanks", blanks.fill),
    blanks.SELECTIONS: ("Fill the selections", blanks.fill_selections),
    rewriting.REWRITE: ("Rewrite", rewriting.rewrite),
    rewriting.BEFORE: ("Write before", rewriting.write_before),
    rewriting.BETWEEN: ("Write between", rewriting.write_between),
}
"""Command -> label of its edit, and what computes it."""


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
            found = await alternatives.alternatives(
                server.engine, document, start, end, server.related(document, server.notebooks.beside(document.uri))
            )
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
    beside = server.notebooks.beside(document.uri)
    try:
        within = range_of(server, options.get("range"))
        async with EditProgress(server, document, label, len(beside.before)) as shown:
            settings, shape = server.settings(document.uri), shape_of(server, document)
            asked = EditCommand(document, within, own, server.related(document, beside), settings, beside, shape, shown.take)
            edit = await make(server.engine, asked)
    except EngineError as exc:
        server.tell(f"Lacuna: {exc}")
        return None
    server.status.answered(label, (time.perf_counter() - began) * 1000)
    return edit


def shape_of(server: LacunaServer, document: Snapshot) -> Shape:
    """What an edit of this client may hold, and what its user wants of it."""
    workspace, settings = server.client_capabilities.workspace, server.settings(document.uri)
    edits = workspace.workspace_edit if workspace else None
    return Shape(
        annotated=bool(edits and edits.change_annotation_support),
        confirm_below=settings.confirm_below,
        tab_stops=settings.tab_stops and bool(edits and edits.snippet_edit_support),
    )


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
