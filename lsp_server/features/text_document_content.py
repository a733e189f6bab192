"""``workspace/textDocumentContent``: a read-only document that shows a fill while it is being
written."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.context import ServerContext


def register(server: ServerContext) -> None:
    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    async def text_document_content(
        params: types.TextDocumentContentParams,
    ) -> types.TextDocumentContentResult:
        return types.TextDocumentContentResult(text=server.previews.content(params.uri))
