"""The language server: what its handlers share, and one thin async handler for each message.

Async handlers only: pygls reads its input on the pool that thread handlers would block, and cannot cancel those. User text
is never logged, which is why the ``pygls`` logger is kept quiet (it writes whole messages at INFO).
"""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.metadata import version
from typing import Any

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer

from engine import EngineError, Snippet
from engine.base.advice import DISTRIBUTION
from lsp_server import configure
from lsp_server.edits.run import register_commands
from lsp_server.settings.configuration import Configuration, path_of
from lsp_server.documents.document import DocumentStore, Snapshot
from lsp_server.document_features import register_document_features
from lsp_server.engine_client import EmbeddedEngine, EngineClient
from lsp_server.features import completion, status
from lsp_server.suggestions.acceptance import Acceptance
from lsp_server.suggestions.debounce import Debounce
from lsp_server.suggestions.suggester import InlineCompletions, SuggestionRequest
from lsp_server.edits.preview import Previews
from lsp_server.proofreading.proofreader import Proofreader
from lsp_server.documents.recent_edits import RecentEdits
from lsp_server.documents.related import related_snippets
from lsp_server.features.status import Status
from lsp_server.documents.notebooks import Beside, Notebooks
from lsp_server.transport.protocol import LacunaProtocol
from lsp_server.settings.schema import Settings

logger = logging.getLogger(__name__)
_LOADING = "lacuna/loading"
SUGGESTION = "suggestion"
"""How answers to inline completion are counted."""
_CELLS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook(notebook="*")])


class LacunaServer(LanguageServer):
    """What the handlers share."""

    def __init__(self, engine: EngineClient) -> None:
        super().__init__("lacuna", version(DISTRIBUTION), protocol_cls=LacunaProtocol, notebook_document_sync=_CELLS)
        # ERROR, because it warns of every cancel that comes after the answer: many of them fill the pipe of a client that
        # does not read what we say, and the server would wait for it for ever.
        logging.getLogger("pygls").setLevel(logging.ERROR)
        # A client that drops its TCP connection is no fault of ours, and asyncio would print a trace of it.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        self.engine = engine
        self.documents = DocumentStore()
        self.notebooks = Notebooks(self.documents)
        self.acceptance, self.pace, self.recent = Acceptance(), Debounce(), RecentEdits()
        self.documents.on_edit += [self.acceptance.edited, self.pace.edited, self.recent.edited]
        self.inline = InlineCompletions(engine, self._wait_s, self._suggested)
        self.proofreader = Proofreader(engine)
        self.previews = Previews(self.documents, self._preview_changed)
        self.status = Status(self.acceptance)
        self.configuration = Configuration()
        self.offered: tuple[str, ...] = ()
        """Languages for which suggestions are registered, where the client has them registered."""
        self._told = ""
        self._background: set[asyncio.Task[None]] = set()

    def settings(self, uri: str) -> Settings:
        """What holds for a document."""
        return self.configuration.of(uri)

    def related(self, document: Snapshot, beside: Beside) -> tuple[Snippet, ...]:
        """Recent edits and other open documents for context, unless the user wants none; not what stands ``beside`` it."""
        if not self.settings(document.uri).related_files:
            return ()
        return related_snippets(document, self.documents, self.recent, bool(beside))

    def opened(self, uris: list[str]) -> None:
        """Documents were opened; until the client has said what it wants of them, what it wants of all holds."""
        task = asyncio.ensure_future(configure.ask(self, uris))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def closed(self, uris: list[str]) -> None:
        """Documents are gone, and all that was kept for them."""
        for uri in uris:
            self.documents.close(uri)
            for keeper in (self.acceptance, self.previews, self.configuration):
                keeper.forget(uri)
            self.inline.closed(uri)

    def show_status(self) -> None:
        """Tell clients that listen how the server is, where that is news."""
        now = {"state": self.status.state, "message": self.status.message}
        if str(now) != self._told:
            self._told = str(now)
            self.protocol.notify(status.NOTIFICATION, now)

    def engine_is(self, failure: EngineError | None) -> None:
        """The engine failed, which is told once for a row of failures, or is there again."""
        if failure is not None and self.status.engine != "error":
            self.tell(f"Lacuna's engine failed and is started again: {failure}")
        self.status.engine, self.status.message = ("ready", "") if failure is None else ("error", str(failure))
        self.show_status()
        if failure is None:
            self.look_again()

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

    async def suggest(self, document: Snapshot, params: types.InlineCompletionParams) -> list[types.InlineCompletionItem]:
        """Items for the cursor, timed."""
        context, uri = params.context, document.uri
        beside = self.notebooks.beside(uri)
        asked = SuggestionRequest(
            document, params.position, context.trigger_kind == types.InlineCompletionTriggerKind.Invoked, self.settings(uri),
            context.selected_completion_info, self.related(document, beside), beside,
        )  # fmt: skip
        began = time.perf_counter()
        items = await self.inline.suggest(asked)
        self.status.answered(SUGGESTION, (time.perf_counter() - began) * 1000)
        return items

    def _wait_s(self, asked: SuggestionRequest) -> float:
        at = asked.document.offset_at(asked.position)
        before = asked.document.text[max(0, at - 1) : at]
        return self.pace.wait_s(asked.settings.delay_ms, before, self.acceptance.rate, self.inline.engine_s)

    def _suggested(self, asked: SuggestionRequest, answers: tuple[str, ...]) -> None:
        document, selected = asked.document, asked.selected
        at, typed = document.offset_at(asked.position), ""
        if selected is not None:
            at, end = document.offset_at(selected.range.start), document.offset_at(selected.range.end)
            answers, typed = tuple(selected.text + answer for answer in answers), document.text[at:end]
        self.acceptance.show(document.uri, at, answers, typed)

    def _preview_changed(self, uri: str) -> None:
        self.workspace_text_document_content_refresh(types.TextDocumentContentRefreshParams(uri=uri))


def make_server(engine: EngineClient) -> LacunaServer:
    """A server around ``engine``, every handler registered."""
    server = LacunaServer(engine)
    if isinstance(engine, EmbeddedEngine):
        engine.on_state = server.engine_is

    @server.feature(types.INITIALIZE)
    async def initialize(params: types.InitializeParams) -> None:
        uris = [folder.uri for folder in params.workspace_folders or []] or [params.root_uri or ""]
        folders = [path for uri in uris if (path := path_of(uri)) is not None]
        server.configuration = Configuration(folders, params.initialization_options)
        # Known before the first didOpen can be read: its positions depend on it.
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        server.documents.encoding = types.PositionEncodingKind(encoding).value
        text = params.capabilities.text_document
        if text is None or text.inline_completion is None:
            _offer_menu(server)  # never both
        if not configure.offers_by_language(params.capabilities):
            _offer_inline(server)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        if configure.offers_by_language(server.client_capabilities):
            _offer_inline(server)
        await asyncio.gather(configure.start(server), _load_engine(server))

    @server.command(status.SHOW)
    async def show_status(*arguments: Any) -> dict[str, object]:
        server.tell(server.status.sentence(), types.MessageType.Info)
        return server.status.report()

    @server.command(status.DOCTOR)
    async def doctor(*arguments: Any) -> str:
        return await status.doctor()

    configure.register_configuration(server)
    register_commands(server)
    register_document_features(server)

    @server.feature(types.SHUTDOWN)
    async def shutdown(params: Any = None) -> None:
        server.engine.close()

    return server


def _offer_inline(server: LacunaServer) -> None:
    """Suggestions at the cursor. Registered before ``initialize`` is answered, they are advertised for every document."""

    # Without options pygls would not advertise it.
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(params: types.InlineCompletionParams) -> list[types.InlineCompletionItem]:
        document = server.documents.get(params.text_document.uri)
        return [] if document is None else await server.suggest(document, params)


def _offer_menu(server: LacunaServer) -> None:
    """Suggestions as entries of the completion menu."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    async def menu(params: types.CompletionParams) -> types.CompletionList:
        document = server.documents.get(params.text_document.uri)
        items = [] if document is None else await server.suggest(document, completion.as_inline(params))
        return completion.as_menu(items)


async def _load_engine(server: LacunaServer) -> None:
    """Load the model behind the editor's back, with progress where the client shows it."""
    window = server.client_capabilities.window
    progress = server.work_done_progress
    shown = bool(window and window.work_done_progress)
    server.show_status()
    if shown:
        await progress.create_async(_LOADING)
        progress.begin(_LOADING, types.WorkDoneProgressBegin(title="Lacuna", message="loading the model"))
    try:
        await server.engine.load()
        server.status.engine = "ready"
        server.look_again()
    except EngineError as exc:
        server.status.engine, server.status.message = "error", str(exc)
        server.tell(f"Lacuna cannot start: {exc}", types.MessageType.Error)
    finally:
        server.show_status()
        if shown:
            progress.end(_LOADING, types.WorkDoneProgressEnd())
            progress.tokens.pop(_LOADING, None)  # pygls keeps ended tokens
