"""``textDocument/didOpen``, ``didChange``, ``didClose`` and ``didSave``, and the same of notebooks.

All but ``didSave`` come straight from the protocol, in the order in which the client sent them: a
handler that is a task of its own would run after the request behind it.
"""

from __future__ import annotations

from lsprotocol import types

from lsp_server.context import ServerContext
from lsp_server.features import configuration
from lsp_server.settings.files import NAME


def register(server: ServerContext) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        if params.text_document.uri.endswith(f"/{NAME}"):  # for clients that watch no files
            await configuration.apply(server)


class Synchronization:
    """What happens when documents are opened, changed and closed: the ``DocumentEvents`` of
    ``lsp_server.transport.protocol``."""

    def __init__(self, server: ServerContext) -> None:
        self._server = server

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self._server.documents.open(params.text_document)
        self._server.keep(configuration.ask_for(self._server, [params.text_document.uri]))

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self._server.documents.change(params.text_document, params.content_changes)

    def closed(self, uris: list[str]) -> None:
        self._server.closed(uris)

    def notebook_opened(self, params: types.DidOpenNotebookDocumentParams) -> None:
        self._server.notebooks.open(params)
        uris = [cell.uri for cell in params.cell_text_documents]
        self._server.keep(configuration.ask_for(self._server, uris))

    def notebook_changed(self, params: types.DidChangeNotebookDocumentParams) -> None:
        self._server.closed(self._server.notebooks.change(params))

    def notebook_closed(self, params: types.DidCloseNotebookDocumentParams) -> None:
        self._server.closed(self._server.notebooks.close(params))

    def forget_documents(self) -> None:
        """An edit may have been lost, and edits of a text that is not the client's would land where
        they do not belong."""
        uris = [document.uri for document in self._server.documents]
        self._server.closed(uris)
        if uris:
            self._server.editor.tell(
                "Lacuna lost a message of the editor; close and open the documents that it is to "
                "go on with."
            )
