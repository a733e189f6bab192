"""``textDocument/diagnostic``: a hint at every blank, and marks at words that are probably wrong.

Pulled by the client, answered after a rest in typing. A client that pulls again without a change
gets no second copy.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import NamedTuple

import msgspec
from lsprotocol import types

from engine.base.errors import EngineError
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.edits.blanks import MOST_SHOWN, blanks_of
from lsp_server.proofreading.marks import SOURCE, as_diagnostics
from lsp_server.proofreading.proofreader import Proofreader
from lsp_server.settings.schema import Settings

BLANK = "blank"
REST_S = 0.4
"""Without a keystroke for so long, a document is read."""
MOST_MARKS = 200
"""Of a document: more help nobody."""

Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport


def register(server: ServerContext) -> None:
    options = types.DiagnosticOptions(
        inter_file_dependencies=False, workspace_diagnostics=False, identifier="lacuna"
    )

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def diagnostic(params: types.DocumentDiagnosticParams) -> Report:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        settings, ready = server.settings(document.uri), server.engine.ready
        found = await report(
            document, settings, server.proofreader, ready, params.previous_result_id
        )
        if found.rest:
            server.editor.refresh_diagnostics()
        return found.report


class Judged(NamedTuple):
    report: Report
    rest: bool = False
    """Not all of a long document was judged; the client should ask again."""


def result_id(document: Snapshot, settings: Settings) -> str:
    """Equal for equal text under equal settings."""
    text = document.text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text + msgspec.json.encode(settings), digest_size=12).hexdigest()


async def report(
    document: Snapshot,
    settings: Settings,
    proofreader: Proofreader,
    ready: bool,
    previous: str | None,
) -> Judged:
    """The diagnostics of a version; without an engine those that need none."""
    identifier = result_id(document, settings)
    if previous == identifier:
        return Judged(types.RelatedUnchangedDocumentDiagnosticReport(result_id=identifier))
    items = blank_hints(document, settings.blank_markers) if settings.blank_hints else []
    whole = True
    if document.language in settings.proofread:
        whole = ready
        if ready:
            await asyncio.sleep(REST_S)
            try:
                marks, whole = await proofreader.marks(
                    document.text, document.language, settings.proofread_surprise
                )
            except EngineError:
                ready = whole = False  # asked again when the engine is back
            else:
                items += as_diagnostics(document, marks[:MOST_MARKS])
    # Without a result id the document counts as not judged, and is when it is asked for again.
    found = types.RelatedFullDocumentDiagnosticReport(
        items=items, result_id=identifier if whole else None
    )
    return Judged(found, rest=ready and not whole)


def blank_hints(document: Snapshot, markers: tuple[str, ...]) -> list[types.Diagnostic]:
    return [
        types.Diagnostic(
            range=document.range_of(span.start, span.end),
            message="A blank: Lacuna can fill it.",
            severity=types.DiagnosticSeverity.Hint,
            code=BLANK,
            source=SOURCE,
        )
        for span in blanks_of(document, markers)[:MOST_SHOWN]
    ]
