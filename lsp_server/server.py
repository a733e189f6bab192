"""The language server: one thin async handler for each LSP method.

Async handlers only: pygls reads its input on the pool that thread handlers would block, and cannot cancel those. User text
is never logged, which is why the ``pygls`` logger is kept quiet (it writes whole messages at INFO).
"""

from __future__ import annotations

import logging
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from engine import EngineError, Snippet
from lsp_server.commands import register_commands
from lsp_server.configuration import Configuration
from lsp_server.document import DocumentStore, Snapshot
from lsp_server.engine_client import EmbeddedEngine, EngineClient
from lsp_server.features import completion, status
from lsp_server.features.edits import plain
from lsp_server.features.inline_completion import InlineCompletions
from lsp_server.features.proofreading import Proofreader
from lsp_server.features.related import related_snippets
from lsp_server.features.status import State, Status
from lsp_server.hints import register_hints
from lsp_server.settings import Settings

logger = logging.getLogger(__name__)
_LOADING = "lacuna/loading"


class LacunaProtocol(LanguageServerProtocol):
    """Feeds our document store instead of the workspace of pygls, which would split lines wrongly and keep a second copy."""

    _server: LacunaServer

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self._server.documents.open(params.text_document)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self._server.documents.change(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.documents.close(params.text_document.uri)
        self._server.inline.closed(params.text_document.uri)


class LacunaServer(LanguageServer):
    """What the handlers share."""

    def __init__(self, engine: EngineClient) -> None:
        super().__init__("lacuna", version("lacuna"), protocol_cls=LacunaProtocol)
        # ERROR, because it warns of every cancel that comes after the answer: many of them fill the pipe of a client that
        # does not read what we say, and the server would wait for it for ever.
        logging.getLogger("pygls").setLevel(logging.ERROR)
        # A client that drops its TCP connection is no fault of ours, and asyncio would print a trace of it.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        self.engine = engine
        self.documents = DocumentStore()
        self.settings = Settings()
        self.inline = InlineCompletions(engine)
        self.proofreader = Proofreader(engine)
        self.status = Status()
        self.configuration = Configuration(None, None)
        self.complaints: list[str] = []

    def related(self, document: Snapshot) -> tuple[Snippet, ...]:
        """Other open documents for context, unless the user wants none."""
        return related_snippets(document, self.documents) if self.settings.related_files else ()

    def now(self, state: State, message: str = "") -> None:
        """Tell clients that listen how the server is."""
        self.status.state, self.status.message = state, message
        self.protocol.notify(status.NOTIFICATION, {"state": state, "message": message})

    def engine_is(self, failure: EngineError | None) -> None:
        """The engine failed, which is told once for a row of failures, or is there again."""
        if failure is None:
            self.now("ready")
            self.look_again()
            return
        if self.status.state != "error":
            self.tell(f"Lacuna's engine failed and is started again: {failure}")
        self.now("error", str(failure))

    def look_again(self) -> None:
        """Ask the client to pull diagnostics again: more can be said than before."""
        workspace = self.client_capabilities.workspace
        if workspace and workspace.diagnostics and workspace.diagnostics.refresh_support:
            self.workspace_diagnostic_refresh(None)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Our faults go to the log by name only: the message may hold the user's text, and a pop-up helps nobody."""
        if source is not FeatureRequestError:
            logger.error("A message could not be handled: %s", type(error).__name__)

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        self.window_show_message(types.ShowMessageParams(type=kind, message=message))


def make_server(engine: EngineClient) -> LacunaServer:
    """A server around ``engine``, every handler registered."""
    server = LacunaServer(engine)
    if isinstance(engine, EmbeddedEngine):
        engine.on_state = server.engine_is

    @server.feature(types.INITIALIZE)
    async def initialize(params: types.InitializeParams) -> None:
        server.configuration = Configuration(_root(params), params.initialization_options)
        server.settings, server.complaints = server.configuration.read()
        # Known before the first didOpen can be read: its positions depend on it.
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        server.documents.encoding = types.PositionEncodingKind(encoding).value
        text = params.capabilities.text_document
        if text is None or text.inline_completion is None:
            _offer_menu(server)  # never both

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        for complaint in server.complaints:
            server.tell(complaint)
        await _load_engine(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        await _configure(server, params.settings)

    # Without options pygls would not advertise it.
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(params: types.InlineCompletionParams) -> list[types.InlineCompletionItem]:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return []
        return await _suggest(server, document, params)

    @server.command(status.ACCEPTED)
    async def accepted(*arguments: Any) -> None:
        server.status.accepted()

    @server.command(status.SHOW)
    async def show_status(*arguments: Any) -> dict[str, object]:
        server.tell(server.status.sentence(), types.MessageType.Info)
        return server.status.report()

    @server.command(status.DOCTOR)
    async def doctor(*arguments: Any) -> str:
        return await status.doctor()

    register_commands(server)
    register_hints(server)

    @server.feature(types.SHUTDOWN)
    async def shutdown(params: Any = None) -> None:
        server.engine.close()

    return server


async def _suggest(
    server: LacunaServer, document: Snapshot, params: types.InlineCompletionParams
) -> list[types.InlineCompletionItem]:
    began = time.perf_counter()
    items = await server.inline.suggest(document, params, server.settings, server.related(document))
    server.status.answered("suggestion", (time.perf_counter() - began) * 1000, bool(items))
    for item in items:
        item.command = types.Command(title="accepted", command=status.ACCEPTED, arguments=[])
    return items


def _offer_menu(server: LacunaServer) -> None:
    """Suggestions as entries of the completion menu."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    async def menu(params: types.CompletionParams) -> types.CompletionList:
        document = server.documents.get(params.text_document.uri)
        items = [] if document is None else await _suggest(server, document, completion.as_inline(params))
        return completion.as_menu(items)


def _root(params: types.InitializeParams) -> Path | None:
    """The folder of the workspace, where it is one of this machine."""
    folders = [folder.uri for folder in params.workspace_folders or []]
    uri = urlsplit(folders[0] if folders else params.root_uri or "")
    return Path(unquote(uri.path)) if uri.scheme == "file" else None


async def _configure(server: LacunaServer, pushed: Any) -> None:
    """Take what the client has for the section ``lacuna``: asked for where it can be asked, else what it sent."""
    workspace = server.client_capabilities.workspace
    if workspace is not None and workspace.configuration:
        items = [types.ConfigurationItem(section="lacuna")]
        found = await server.workspace_configuration_async(types.ConfigurationParams(items=items))
        raw = found[0] if found else None
    else:
        raw = plain(pushed).get("lacuna") if pushed is not None else None
    server.settings, complaints = server.configuration.read(plain(raw))
    server.look_again()
    for complaint in complaints:
        server.tell(complaint)


async def _load_engine(server: LacunaServer) -> None:
    """Load the model behind the editor's back, with progress where the client shows it."""
    window = server.client_capabilities.window
    progress = server.work_done_progress
    shown = bool(window and window.work_done_progress)
    server.now("starting")
    if shown:
        await progress.create_async(_LOADING)
        progress.begin(_LOADING, types.WorkDoneProgressBegin(title="Lacuna", message="loading the model"))
    try:
        await server.engine.load()
        server.now("ready")
        server.look_again()
    except EngineError as exc:
        server.now("error", str(exc))
        server.tell(f"Lacuna cannot start: {exc}", types.MessageType.Error)
    finally:
        if shown:
            progress.end(_LOADING, types.WorkDoneProgressEnd())
            progress.tokens.pop(_LOADING, None)  # pygls keeps ended tokens
