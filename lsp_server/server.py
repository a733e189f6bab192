"""The language server: what the handlers share. The handlers themselves are in ``features/``, one
file an LSP method.

Async handlers only: those can be cancelled. User text is never logged, which is why the ``pygls``
logger is silent (it writes whole messages, and traces that quote them).
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer

from engine.base.advice import DISTRIBUTION
from engine.base.errors import EngineError, EngineUnavailable
from engine.request.messages import Snippet
from lsp_server.documents.deletions import RecentDeletions
from lsp_server.documents.document import DocumentStore, Snapshot
from lsp_server.documents.notebooks import Beside, Notebooks
from lsp_server.documents.preview import Previews
from lsp_server.documents.recent_edits import RecentEdits
from lsp_server.documents.related import RelatedContext
from lsp_server.engine_client.interface import EngineClient
from lsp_server.features import (
    code_action,
    code_lens,
    completion,
    configuration,
    diagnostic,
    execute_command,
    inline_completion,
    lifecycle,
    status,
    synchronization,
    text_document_content,
)
from lsp_server.proofreading.proofreader import Proofreader
from lsp_server.settings.configuration import Configuration
from lsp_server.settings.schema import Settings
from lsp_server.status import Status
from lsp_server.suggestions.acceptance import Acceptance
from lsp_server.suggestions.debounce import Debounce
from lsp_server.suggestions.request import SuggestionRequest
from lsp_server.suggestions.suggester import Suggester
from lsp_server.transport.editor import Editor
from lsp_server.transport.protocol import LacunaProtocol

logger = logging.getLogger(__name__)
FEATURES = (
    lifecycle,
    synchronization,
    configuration,
    inline_completion,
    completion,
    code_action,
    code_lens,
    diagnostic,
    text_document_content,
    execute_command,
    status,
)
STATUS = "lacuna/status"
_CELLS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook(notebook="*")])
Handler = TypeVar("Handler", bound=Callable[..., Coroutine[Any, Any, Any]])


class LacunaServer(LanguageServer):
    """The ``ServerContext`` of the features, and the ``Host`` of the protocol."""

    protocol: LacunaProtocol

    def __init__(self, engine: EngineClient) -> None:
        super().__init__(
            "lacuna", _version(), protocol_cls=LacunaProtocol, notebook_document_sync=_CELLS
        )
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
        # A client that drops its TCP connection is not a fault of ours, and asyncio would print a
        # trace of it.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        self.protocol.documents = synchronization.Synchronization(self)
        self.protocol.stop = self.stop
        self.protocol.offered_to = lifecycle.offered_to
        self.engine = engine
        self.editor = Editor(self)
        self.documents = DocumentStore()
        self.notebooks = Notebooks(self.documents)
        self.acceptance, self.debounce = Acceptance(), Debounce()
        self.recent, self.deletions = RecentEdits(), RecentDeletions()
        self.documents.on_edit += [
            keeper.edited
            for keeper in (self.acceptance, self.debounce, self.recent, self.deletions)
        ]
        self.status = Status(self.acceptance)
        self.suggester = Suggester(engine, self.deletions, self._wait_s, self._suggested)
        self.proofreader = Proofreader(engine)
        self.previews = Previews(self.documents, self.editor.refresh_content)
        self.documents.on_edit.append(self.previews.edited)
        self.configuration = Configuration()
        self.context = RelatedContext(
            self.documents, self.recent, lambda: self.configuration.folders
        )
        self.on_client_gone: Callable[[], None] = lambda: None
        """Called when the process that started us has ended."""
        self.offered: tuple[str, ...] = ()
        """Languages for which suggestions are registered, where the client has them registered."""
        self.running: set[asyncio.Task[Any]] = set()
        """Handlers that are at work."""
        self._told = ""
        self._kept: set[asyncio.Task[Any]] = set()

    def feature(
        self, feature_name: str, options: Any | None = None
    ) -> Callable[[Handler], Handler]:
        register = super().feature(feature_name, options)
        _, response, _, _ = types.METHOD_TO_TYPES[feature_name]
        if response is not None:
            return self._guarding(register)

        # The task of a notification is ours: pygls would keep it for ever, since no answer ends it.
        def begun(handler: Callable[..., Coroutine[Any, Any, None]]) -> None:
            @functools.wraps(handler)
            def begin(*arguments: Any) -> None:
                self.keep(handler(*arguments))

            register(begin)

        return self._guarding(begun)

    def command(self, command_name: str) -> Callable[[Handler], Handler]:
        return self._guarding(super().command(command_name))

    def _guarding(self, register: Callable[[Any], Any]) -> Callable[[Handler], Handler]:
        """A handler that fails is answered with the name of the fault: its message may hold the
        user's text."""

        def decorate(handler: Handler) -> Handler:
            @functools.wraps(handler)
            async def guarded(*arguments: Any) -> Any:
                task = asyncio.current_task()
                assert task is not None, "handlers run in tasks"
                self.running.add(task)
                try:
                    return await handler(*arguments)
                except (EngineError, JsonRpcException) as exc:
                    raise (
                        exc if isinstance(exc, JsonRpcException) else JsonRpcInternalError(str(exc))
                    ) from None
                except Exception as exc:
                    logger.error(
                        "%s could not be handled: %s", handler.__name__, type(exc).__name__
                    )
                    raise JsonRpcInternalError(
                        f"Lacuna has a fault ({type(exc).__name__})."
                    ) from None
                finally:
                    self.running.discard(task)

            register(guarded)
            return handler

        return decorate

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Told in the answer to a request, and logged by name where there is none; a pop-up helps
        nobody."""

    # What the features ask for

    def settings(self, uri: str) -> Settings:
        return self.configuration.of(uri)

    def related(self, document: Snapshot, beside: Beside) -> tuple[Snippet, ...]:
        if not self.settings(document.uri).related_files:
            return ()
        return self.context.snippets(document, bool(beside))

    def show_status(self) -> None:
        now = {"state": self.status.state, "message": self.status.message}
        if str(now) != self._told:
            self._told = str(now)
            self.editor.notify(STATUS, now)

    def engine_is(self, failure: EngineError | None) -> None:
        """The engine failed or is away, which is told once until it is there again."""
        if failure is not None and self.status.engine != "error":
            self.editor.tell(
                str(failure)
                if isinstance(failure, EngineUnavailable)
                else f"Lacuna's engine failed and is started again: {failure}"
            )
        self.status.engine, self.status.message = (
            ("ready", "") if failure is None else ("error", str(failure))
        )
        self.show_status()
        if failure is None:
            self.editor.refresh_diagnostics()

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside the handlers; asyncio itself forgets tasks that nobody holds."""
        task = asyncio.ensure_future(work)
        self._kept.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            logger.error("Something beside the handlers failed: %s", type(exc).__name__)

    def closed(self, uris: list[str]) -> None:
        """Documents are gone, and all that was kept for them."""
        for uri in uris:
            self.documents.close(uri)
            for keeper in (self.acceptance, self.previews, self.configuration, self.deletions):
                keeper.forget(uri)
            self.suggester.closed(uri)

    async def stop(self) -> None:
        """Cancel what runs, and let the engine go. A client that goes on to wait is told that its
        requests are cancelled."""
        for task in list(self.running):
            task.cancel()
        await self.engine.close()

    def _wait_s(self, asked: SuggestionRequest) -> float:
        at = asked.document.offset_at(asked.position)
        before = asked.document.text[max(0, at - 1) : at]
        return self.debounce.wait_s(
            asked.settings.delay_ms, before, self.acceptance.rate, self.suggester.engine_s
        )

    def _suggested(self, asked: SuggestionRequest, answers: tuple[str, ...]) -> None:
        document, selected = asked.document, asked.selected
        at, typed = document.offset_at(asked.position), ""
        if selected is not None:
            at, end = (
                document.offset_at(selected.range.start),
                document.offset_at(selected.range.end),
            )
            answers, typed = (
                tuple(selected.text + answer for answer in answers),
                document.text[at:end],
            )
        self.acceptance.show(document.uri, at, answers, typed)


def make_server(engine: EngineClient) -> LacunaServer:
    """A server around ``engine``, every handler registered."""
    server = LacunaServer(engine)
    engine.on_state = server.engine_is
    for feature in FEATURES:
        feature.register(server)
    return server


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # run from a checkout
        return "0"
