"""What pygls would do itself and we do otherwise: documents go to our own store, and one capability is added."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from lsp_server.edits.preview import SCHEME

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer


class LacunaProtocol(LanguageServerProtocol):
    """Feeds our document store instead of the workspace of pygls, which would split lines wrongly and keep a second copy."""

    _server: LacunaServer

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Emacs' lsp-mode has inline completion and declares it as ``null``, which would count as not having it."""
        if data.get("method") == types.INITIALIZE:
            declared = data.get("params", {}).get("capabilities", {}).get("textDocument") or {}
            if "inlineCompletion" in declared and declared["inlineCompletion"] is None:
                declared["inlineCompletion"] = {}
        return super().structure_message(data)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        result: types.InitializeResult = yield from super().lsp_initialize(params)
        workspace = params.capabilities.workspace
        if workspace is not None and workspace.text_document_content is not None:  # unknown to the builder of pygls
            offered = result.capabilities.workspace or types.WorkspaceOptions()
            offered.text_document_content = types.TextDocumentContentOptions(schemes=[SCHEME])
            result.capabilities.workspace = offered
        return result

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self._server.documents.open(params.text_document)
        self._server.opened([params.text_document.uri])

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self._server.documents.change(params.text_document, params.content_changes)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.closed([params.text_document.uri])

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        self._server.notebooks.open(params)
        self._server.opened([cell.uri for cell in params.cell_text_documents])

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: types.DidChangeNotebookDocumentParams) -> None:
        self._server.closed(self._server.notebooks.change(params))

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: types.DidCloseNotebookDocumentParams) -> None:
        self._server.closed(self._server.notebooks.close(params))
