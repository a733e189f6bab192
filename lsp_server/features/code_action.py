"""What is offered about a document: actions, lenses, diagnostics, and a preview of what is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from engine import EngineError
from lsp_server.edits.run import EDITS, make_edit
from lsp_server.documents.document import Snapshot
from lsp_server.features import alternatives, blanks, diagnostics, rewriting
from lsp_server.edits.edit_command import plain

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer

FIXES_KIND = types.CodeActionKind.QuickFix.value
KINDS = [blanks.KIND, rewriting.KIND, FIXES_KIND]


def register_document_features(server: LacunaServer) -> None:
    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def text_document_content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        return types.TextDocumentContentResult(text=server.previews.content(params.uri))

    options = types.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return []
        wanted, markers = params.context.only, server.settings(document.uri).blank_markers
        offered = [*blanks.code_actions(document, params.range, markers), *rewriting.code_actions(document, params.range)]
        if _resolves_edits(server):
            for offer in offered:
                _leave_for_resolve(offer)
        if server.engine.ready:
            offered += await _other_words(server, document, params)
        return [a for a in offered if not wanted or any(f"{a.kind}.".startswith(f"{kind}.") for kind in wanted)]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data = plain(action.data)
        if isinstance(data, dict) and data.get("command") in EDITS:
            action.edit = await make_edit(server, data["command"], dict(data.get("argument") or {}))
        return action

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions())
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        document = server.documents.get(params.text_document.uri)
        if document is None or not (settings := server.settings(document.uri)).blank_hints:
            return []
        return blanks.code_lenses(document, settings.blank_markers)

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier="lacuna"),
    )
    async def diagnostic(params: types.DocumentDiagnosticParams) -> diagnostics.Report:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        previous, ready, settings = params.previous_result_id, server.engine.ready, server.settings(document.uri)
        found = await diagnostics.report(document, settings, server.proofreader, ready, previous)
        if found.rest:
            server.look_again()
        return found.report


def _resolves_edits(server: LacunaServer) -> bool:
    """True for clients that ask for the edit of an action when it is chosen."""
    text = server.client_capabilities.text_document
    action = text.code_action if text else None
    return bool(action and action.resolve_support and "edit" in action.resolve_support.properties)


def _leave_for_resolve(action: types.CodeAction) -> None:
    command = action.command
    if command is not None and command.arguments:
        action.data = {"command": command.command, "argument": command.arguments[0]}
        action.command = None


async def _other_words(server: LacunaServer, document: Snapshot, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Replacements for words that were marked, and for the word at the cursor when they are asked for by kind."""
    found: list[types.CodeAction] = []
    marked = [d for d in params.context.diagnostics if d.source == diagnostics.SOURCE and d.code == diagnostics.ODD]
    related = server.related(document, server.notebooks.beside(document.uri))
    try:
        for diagnostic in marked:
            span = document.offset_at(diagnostic.range.start), document.offset_at(diagnostic.range.end)
            words = await alternatives.alternatives(server.engine, document, *span, related)
            found += alternatives.replacements(document, span, words, FIXES_KIND, diagnostic)
        if any(alternatives.KIND.startswith(kind) and kind.count(".") == 2 for kind in params.context.only or []):
            place = alternatives.word_at(document, document.offset_at(params.range.start))
            if place is not None:
                words = await alternatives.alternatives(server.engine, document, *place, related)
                found += alternatives.replacements(document, place, words, alternatives.KIND)
    except EngineError:
        return found
    return found
