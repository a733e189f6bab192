"""Fill the blanks: a code action, and the command behind it, which makes one versioned edit of all blanks together."""

from __future__ import annotations

from lsprotocol import types

from engine import FillRequest, FillResult, RequestRejected, Snippet, find_blanks
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient

COMMAND = "lacuna.fillBlanks"
KIND = "refactor.rewrite.fillBlanks"


def code_actions(document: Snapshot, requested: types.Range) -> list[types.CodeAction]:
    """Offers for the blanks in the requested lines and for all of the document; computed without the engine."""
    spans = find_blanks(document.text, document.language).spans
    if not spans:
        return []
    low = document.offset_at(types.Position(requested.start.line, 0))
    high = document.offset_at(types.Position(requested.end.line + 1, 0))
    high = high if requested.end.line + 1 < len(document.starts) else len(document.text)
    inside = [span for span in spans if low <= span.start and span.end <= high]
    actions = []
    if 0 < len(inside) < len(spans):
        title = "Fill this blank" if len(inside) == 1 else f"Fill these {len(inside)} blanks together"
        actions.append(_action(title, document, document.range_of(low, high)))
    title = "Fill the blank" if len(spans) == 1 else f"Fill all {len(spans)} blanks together"
    return [*actions, _action(title, document, None)]


def _action(title: str, document: Snapshot, within: types.Range | None) -> types.CodeAction:
    argument = {"uri": document.uri, "version": document.version}
    if within is not None:
        start, end = within.start, within.end
        argument["range"] = {
            "start": {"line": start.line, "character": start.character},
            "end": {"line": end.line, "character": end.character},
        }
    command = types.Command(title=title, command=COMMAND, arguments=[argument])
    return types.CodeAction(title=title, kind=KIND, command=command)


async def fill(
    engine: EngineClient, document: Snapshot, within: types.Range | None, related: tuple[Snippet, ...] = ()
) -> types.WorkspaceEdit:
    """Fill the blanks of ``document`` (or those in ``within``) jointly; the edit is for this very version."""
    spans = find_blanks(document.text, document.language).spans
    if within is not None:
        low, high = document.offset_at(within.start), document.offset_at(within.end)
        spans = tuple(span for span in spans if low <= span.start and span.end <= high)
    if not spans:
        raise RequestRejected("There are no blanks here; mark one as ____ or <fill>.")
    request = FillRequest(text=document.text, spans=spans, language=document.language, related=related)
    return to_edit(document, await engine.fill(request, interactive=False))


def to_edit(document: Snapshot, result: FillResult) -> types.WorkspaceEdit:
    """One ``TextDocumentEdit`` for all spans: accepted or refused, and undone, as a whole."""
    edits = [types.TextEdit(range=document.range_of(span.start, span.end), new_text=span.text) for span in result.spans]
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=identifier, edits=edits)])
