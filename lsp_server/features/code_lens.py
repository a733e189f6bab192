"""``textDocument/codeLens``: a lens at every blank."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.context import ServerContext
from lsp_server.edits import blanks


def register(server: ServerContext) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions())
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        document = server.documents.get(params.text_document.uri)
        if document is None or not (settings := server.settings(document.uri)).blank_hints:
            return []
        return blanks.code_lenses(document, settings.blank_markers)
