"""Run a command that changes a document: compute an edit for the version at hand and ask the client
to apply it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from lsprotocol import types

from engine.base.errors import EngineError, RequestRejected
from engine.request.messages import FillResult
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.edits import blanks, rewriting
from lsp_server.edits.edit_command import EditCommand, EditForm, PlainRange, to_edit
from lsp_server.edits.edit_progress import EditProgress
from lsp_server.edits.left_open import tell, withheld_of
from lsp_server.engine_client.interface import EngineClient

MakeEdit = Callable[[EngineClient, EditCommand], Awaitable[FillResult]]
EDITS: dict[str, tuple[str, MakeEdit]] = {
    blanks.COMMAND: ("Fill the blanks", blanks.fill),
    blanks.SELECTIONS: ("Fill the selections", blanks.fill_selections),
    rewriting.REWRITE: ("Rewrite", rewriting.rewrite),
    rewriting.BEFORE: ("Write before", rewriting.write_before),
    rewriting.BETWEEN: ("Write between", rewriting.write_between),
}
"""Command -> label of its edit, and what computes it: a result whose spans are
the parts of the edit."""


OWN = ("uri", "version", "range", "guesses")
"""What every command is told; the rest are options of one."""


@dataclass(frozen=True)
class Made:
    """What came of a command."""

    edit: types.WorkspaceEdit | None
    """``None`` where nothing is to be changed."""
    withheld: list[dict[str, Any]]
    """Blanks that stay, as clients are told of them."""


async def run_edit(
    server: ServerContext, name: str, options: dict[str, Any]
) -> dict[str, Any] | None:
    """Compute the edit and have it applied; the client refuses when the text moved on."""
    made = await make_edit(server, name, options)
    if made is None:
        return None
    applied = made.edit is not None and await server.editor.apply(made.edit, EDITS[name][0])
    if made.edit is not None and not applied:
        server.editor.tell("Lacuna: the text changed in the meantime; ask again.")
    return {"applied": applied} | ({"withheld": made.withheld} if made.withheld else {})


async def make_edit(server: ServerContext, name: str, options: dict[str, Any]) -> Made | None:
    """The edit of a command; ``None`` when the user was told why there is none.

    Of blanks that are left open the user is told beside it, and asked where there is a choice.
    """
    label, make = EDITS[name]
    document = known_document(server, options)
    if document is None:
        return None
    own = {key: value for key, value in options.items() if key not in OWN}
    began, wrong_before = time.perf_counter(), server.status.message
    beside = server.notebooks.beside(document.uri)
    try:
        within = range_of(options.get("range"))
        async with EditProgress(server, document, label, len(beside.before)) as progress:
            asked = EditCommand(
                document=document,
                within=within,
                options=own,
                related=server.related(document, beside),
                settings=server.settings(document.uri),
                beside=beside,
                form=form_of(server, document),
                on_draft=progress.take,
                guesses=options.get("guesses") is True,
            )
            result = await make(server.engine, asked)
    except EngineError as exc:
        # Where it was this command that found the engine away, that has just been told.
        if not wrong_before and str(exc) == server.status.message:
            return None
        server.editor.tell(f"Lacuna: {exc}")
        return None
    server.status.answered(label, (time.perf_counter() - began) * 1000)
    withheld = withheld_of(asked, result)
    if withheld and not asked.guesses:
        server.keep(tell(server, asked, result))
    return Made(to_edit(asked, result), withheld)


def form_of(server: ServerContext, document: Snapshot) -> EditForm:
    """What an edit of this client may hold, and what its user wants of it."""
    workspace, settings = server.editor.capabilities.workspace, server.settings(document.uri)
    edits = workspace.workspace_edit if workspace else None
    return EditForm(
        annotated=bool(edits and edits.change_annotation_support),
        confirm_below=settings.confirm_below,
        tab_stops=settings.tab_stops and bool(edits and edits.snippet_edit_support),
    )


def known_document(server: ServerContext, options: dict[str, Any]) -> Snapshot | None:
    """The document that a command is about, in the version that the client looked at."""
    document = server.documents.get(str(options.get("uri", "")))
    if document is None:
        server.editor.tell("Lacuna does not know this document; open it first.")
    return document


def range_of(raw: Any) -> types.Range | None:
    try:
        return None if raw is None else msgspec.convert(raw, PlainRange).as_range()
    except msgspec.ValidationError as exc:
        raise RequestRejected(
            "The command's range is not one; send `start` and `end`, each with a line and a "
            "character."
        ) from exc
