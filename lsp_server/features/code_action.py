"""``textDocument/codeAction`` and ``codeAction/resolve``: fill blanks, rewrite, write before and
between, other words."""

from __future__ import annotations

from lsprotocol import types

from engine.base.errors import EngineError
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.edits import alternatives, blanks, rewriting
from lsp_server.edits.edit_command import plain
from lsp_server.edits.run import EDITS, make_edit
from lsp_server.proofreading.marks import MISSPELT, SOURCE

FIXES_KIND = types.CodeActionKind.QuickFix.value
KINDS = [blanks.KIND, rewriting.KIND, FIXES_KIND]


def register(server: ServerContext) -> None:
    options = types.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return []
        wanted, markers = params.context.only, server.settings(document.uri).blank_markers
        # An editor asks by itself at every move of the cursor, and shows a light bulb where there
        # is an answer.
        by_itself = (
            params.context.trigger_kind == types.CodeActionTriggerKind.Automatic and not wanted
        )
        offered = blanks.code_actions(document, params.range, markers, here_only=by_itself)
        if not by_itself or params.range.start != params.range.end:
            offered += rewriting.code_actions(document, params.range)
        if resolves_edits(server.editor.capabilities):
            for offer in offered:
                _leave_for_resolve(offer)
        offered += _fixes(document, params)
        if server.engine.ready and any(
            alternatives.KIND.startswith(kind) and kind.count(".") == 2 for kind in wanted or []
        ):
            offered += await _other_words(server, document, params)
        return [
            a
            for a in offered
            if not wanted or any(f"{a.kind}.".startswith(f"{kind}.") for kind in wanted)
        ]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data = plain(action.data)
        if isinstance(data, dict) and data.get("command") in EDITS:
            argument = data.get("argument")
            made = await make_edit(
                server, data["command"], argument if isinstance(argument, dict) else {}
            )
            action.edit = None if made is None else made.edit
        return action


def resolves_edits(capabilities: types.ClientCapabilities) -> bool:
    """True for clients that ask for the edit of an action when it is chosen."""
    text = capabilities.text_document
    action = text.code_action if text else None
    return bool(action and action.resolve_support and "edit" in action.resolve_support.properties)


def _leave_for_resolve(action: types.CodeAction) -> None:
    command = action.command
    if command is not None and command.arguments:
        action.data = {"command": command.command, "argument": command.arguments[0]}
        action.command = None


def _fixes(document: Snapshot, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Replacements for words that were marked: they were found with the mark and travel in it."""
    found: list[types.CodeAction] = []
    for diagnostic in params.context.diagnostics:
        data = plain(diagnostic.data)
        if diagnostic.source != SOURCE or diagnostic.code != MISSPELT or not isinstance(data, dict):
            continue
        start, end = (
            document.offset_at(diagnostic.range.start),
            document.offset_at(diagnostic.range.end),
        )
        if document.text[start:end] != data.get("word"):  # the text moved on
            continue
        words = [word for word in data.get("instead") or [] if isinstance(word, str)]
        found += alternatives.replacements(document, (start, end), words, FIXES_KIND, diagnostic)
    return found


async def _other_words(
    server: ServerContext, document: Snapshot, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """Replacements for the word at the cursor, where they are asked for by kind."""
    span = alternatives.word_at(document, document.offset_at(params.range.start))
    if span is None:
        return []
    related = server.related(document, server.notebooks.beside(document.uri))
    try:
        words = await alternatives.alternatives(server.engine, document, *span, related)
    except EngineError:
        return []
    return alternatives.replacements(document, span, words, alternatives.KIND)
