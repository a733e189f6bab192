"""What pygls would do itself and we do otherwise: documents go to our own store, shutdown cancels
what runs, what we ask of the client is given up when it never answers, and what is advertised
depends on the client.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method

ANSWER_S = 10.0
"""For so long a client may think about what it is asked."""
CONSENT_S = 600.0
"""And about what it may show to the user first: an edit, a question."""
_ASK_THE_USER = (types.WORKSPACE_APPLY_EDIT, types.WINDOW_SHOW_MESSAGE_REQUEST)
_GIVEN_UP = -32001
"""A code of our own, never sent: the client did not answer."""


class DocumentEvents(Protocol):
    """Told of documents in the order in which the client sends
    (``lsp_server.features.synchronization``)."""

    def opened(self, params: types.DidOpenTextDocumentParams) -> None: ...

    def changed(self, params: types.DidChangeTextDocumentParams) -> None: ...

    def closed(self, uris: list[str]) -> None: ...

    def notebook_opened(self, params: types.DidOpenNotebookDocumentParams) -> None: ...

    def notebook_changed(self, params: types.DidChangeNotebookDocumentParams) -> None: ...

    def notebook_closed(self, params: types.DidCloseNotebookDocumentParams) -> None: ...

    def forget_documents(self) -> None:
        """An edit may have been lost: no document is known for sure any more."""
        ...


class LacunaProtocol(LanguageServerProtocol):
    """Feeds our document store instead of pygls' workspace, which would split lines wrongly and
    keep a second copy."""

    documents: DocumentEvents
    stop: Callable[[], Awaitable[None]]
    """Cancels what runs, and lets the engine go."""
    offered_to: Callable[[types.ClientCapabilities, types.ServerCapabilities], None]
    """Changes what is advertised to a client. All three are set by the server right after it has
    made this."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.asked: set[int | str] = set()
        """What we asked of the client and it has not answered."""

    def write(self, message: dict[str, Any]) -> None:
        """Send a message that no type of LSP has."""
        if self.writer is not None:
            body = json.dumps(message).encode()
            self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Emacs' lsp-mode has inline completion and declares it as ``null``, which would count as
        not having it."""
        if data.get("method") == types.INITIALIZE:
            params = data.get("params")
            capabilities = params.get("capabilities") if isinstance(params, dict) else None
            declared = capabilities.get("textDocument") if isinstance(capabilities, dict) else None
            if isinstance(declared, dict) and declared.get("inlineCompletion", {}) is None:
                declared["inlineCompletion"] = {}
        return super().structure_message(data)

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Ask the client; without an answer in time the future holds an error."""
        identifier = msg_id or str(uuid.uuid4())
        self.asked.add(identifier)
        patience = CONSENT_S if method in _ASK_THE_USER else ANSWER_S
        timer = asyncio.get_running_loop().call_later(patience, self._give_up, identifier)
        future = super().send_request(method, params, callback, identifier)
        future.add_done_callback(lambda _: timer.cancel())
        return future

    def _give_up(self, identifier: int | str) -> None:
        self.answered(
            {
                "jsonrpc": "2.0",
                "id": identifier,
                "error": {"code": _GIVEN_UP, "message": "no answer"},
            }
        )

    def answered(self, data: dict[str, Any]) -> None:
        """The client answers; what we never asked is ignored, and an answer that is none counts as
        an error."""
        identifier = data.get("id")
        if not isinstance(identifier, int | str) or identifier not in self.asked:
            return
        self.asked.discard(identifier)
        refused = {
            "jsonrpc": "2.0",
            "id": identifier,
            "error": {"code": _GIVEN_UP, "message": "not understood"},
        }
        try:
            message = self.structure_message(data)
        except (JsonRpcException, RecursionError):
            message = self.structure_message(refused)
        with suppress(InvalidStateError, JsonRpcException):  # whoever asked may have gone
            self.handle_message(message)

    def lost_message(self) -> None:
        self.documents.forget_documents()

    def lost_edit(self, params: Any) -> None:
        """A notification came that could not be read: the document it is about is not known any
        more."""
        document = params.get("textDocument") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        if isinstance(uri, str):
            self.documents.closed([uri])
        elif isinstance(params, dict) and "notebookDocument" in params:
            self.documents.forget_documents()

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        result: types.InitializeResult = yield from super().lsp_initialize(params)
        self.offered_to(params.capabilities, result.capabilities)
        return result

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *args: Any) -> None:  # type: ignore[override]
        await self.stop()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """One task, so that a cancel reaches the command; pygls would cancel the answer and let the
        work go on."""
        command: Callable[..., Awaitable[Any]] | None = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"There is no command {params.command!r}.")
        return await command(*(params.arguments or ()))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self.documents.opened(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self.documents.changed(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self.documents.closed([params.text_document.uri])

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        self.documents.notebook_opened(params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(
        self, params: types.DidChangeNotebookDocumentParams
    ) -> None:
        self.documents.notebook_changed(params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(
        self, params: types.DidCloseNotebookDocumentParams
    ) -> None:
        self.documents.notebook_closed(params)
