"""What the features share: the one thing that a file under ``features/`` knows of the server."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from engine.base.errors import EngineError
from engine.request.messages import Snippet
from lsp_server.documents.document import DocumentStore, Snapshot
from lsp_server.documents.notebooks import Beside, Notebooks
from lsp_server.documents.preview import Previews
from lsp_server.engine_client.interface import EngineClient
from lsp_server.proofreading.proofreader import Proofreader
from lsp_server.settings.configuration import Configuration
from lsp_server.settings.schema import Settings
from lsp_server.status import Status
from lsp_server.suggestions.suggester import Suggester
from lsp_server.transport.editor import Editor

Handler = TypeVar("Handler", bound=Callable[..., Coroutine[Any, Any, Any]])


class ServerContext(Protocol):
    """Documents, settings, the engine and the editor, and a way to register handlers."""

    version: str
    documents: DocumentStore
    notebooks: Notebooks
    configuration: Configuration
    engine: EngineClient
    editor: Editor
    status: Status
    previews: Previews
    proofreader: Proofreader
    suggester: Suggester
    offered: tuple[str, ...]
    """Languages for which suggestions are registered, where the client has them registered."""
    on_client_gone: Callable[[], None]
    """Called when the process that started us has ended."""

    def feature(
        self, feature_name: str, options: Any | None = None
    ) -> Callable[[Handler], Handler]:
        """Register the handler of an LSP method."""
        ...

    def command(self, command_name: str) -> Callable[[Handler], Handler]:
        """Register a command of ``workspace/executeCommand``."""
        ...

    def settings(self, uri: str) -> Settings:
        """What holds for a document."""
        ...

    def related(self, document: Snapshot, beside: Beside) -> tuple[Snippet, ...]:
        """What may stand beside a document as context, unless the user wants none; not what stands
        ``beside`` it."""
        ...

    def engine_is(self, failure: EngineError | None) -> None:
        """The engine failed or is away, which is told once until it is there again."""
        ...

    def show_status(self) -> None:
        """Tell clients that listen how the server is, where that is news."""
        ...

    def closed(self, uris: list[str]) -> None:
        """Documents are gone, and all that was kept for them."""
        ...

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside the handlers."""
        ...
