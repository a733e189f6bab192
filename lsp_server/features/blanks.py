"""Fill the blanks: a code action, and the command behind it, which makes one versioned edit of all blanks together."""

from __future__ import annotations

from lsprotocol import types

from engine import FillRequest, RequestRejected, find_blanks
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.features.edits import Asked, action, argument_of, to_edit

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
        actions.append(action(title, KIND, COMMAND, argument_of(document, document.range_of(low, high))))
    title = "Fill the blank" if len(spans) == 1 else f"Fill all {len(spans)} blanks together"
    return [*actions, action(title, KIND, COMMAND, argument_of(document))]


async def fill(engine: EngineClient, asked: Asked) -> types.WorkspaceEdit:
    """Fill the blanks of the document (or those in the range) jointly; the edit is for this very version."""
    document, within = asked.document, asked.within
    if asked.options:
        raise RequestRejected(f"Filling blanks takes no {', '.join(asked.options)}.")
    spans = find_blanks(document.text, document.language).spans
    if within is not None:
        low, high = document.offset_at(within.start), document.offset_at(within.end)
        spans = tuple(span for span in spans if low <= span.start and span.end <= high)
    if not spans:
        raise RequestRejected("There are no blanks here; mark one as ____ or <fill>.")
    request = FillRequest(text=document.text, spans=spans, language=document.language, related=asked.related)
    return to_edit(document, await engine.fill(request, interactive=False))
