"""``initialize`` and ``initialized``: learn what the client can do, offer what fits it, load the
engine.

``shutdown`` and ``exit`` are the session's (``transport/session.py``).
"""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder

from engine.base.errors import EngineError, EngineUnavailable
from lsp_server.context import ServerContext
from lsp_server.documents.uris import PREVIEW_SCHEME, path_of
from lsp_server.features import configuration, inline_completion
from lsp_server.transport import client_process

_LOADING = "lacuna/loading"


def register(server: ServerContext) -> None:
    @server.feature(types.INITIALIZE)
    async def initialize(params: types.InitializeParams) -> None:
        if params.process_id is not None:
            server.keep(client_process.when_gone(params.process_id, server.on_client_gone))
        uris = [folder.uri for folder in params.workspace_folders or []] or [params.root_uri or ""]
        folders = [path for uri in uris if (path := path_of(uri)) is not None]
        server.configuration.start(folders, params.initialization_options)
        # Known before the first didOpen can be read: its positions depend on it.
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        server.documents.encoding = types.PositionEncodingKind(encoding).value

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await asyncio.gather(configuration.start(server), _load_engine(server))


def offered_to(client: types.ClientCapabilities, ours: types.ServerCapabilities) -> None:
    """Take out of what pygls found in our handlers what is not for this client, and add what pygls
    does not know."""
    if client.text_document is not None and client.text_document.inline_completion is not None:
        ours.completion_provider = None  # never both
    if inline_completion.offered_by_language(client):
        ours.inline_completion_provider = None  # registered later, for the languages that are on
    if client.workspace is not None and client.workspace.text_document_content is not None:
        ours.workspace = ours.workspace or types.WorkspaceOptions()
        ours.workspace.text_document_content = types.TextDocumentContentOptions(
            schemes=[PREVIEW_SCHEME]
        )


async def _load_engine(server: ServerContext) -> None:
    """Load the model behind the editor's back, with progress where the client shows it."""
    server.show_status()
    shown = asyncio.ensure_future(_begin(server))  # an editor may take its time, or never answer
    try:
        settings = server.configuration.of(None)
        server.engine.configure(settings.threads, settings.engine)
        await server.engine.load()
        server.engine_is(None)
    except EngineUnavailable as exc:  # it is looked for, and used when it is there
        server.engine_is(exc)
    except EngineError as exc:
        server.status.engine, server.status.message = "error", str(exc)
        server.editor.tell(f"Lacuna cannot start: {exc}", types.MessageType.Error)
    finally:
        server.show_status()
        if await shown:
            server.editor.end_progress(_LOADING)


async def _begin(server: ServerContext) -> bool:
    begin = types.WorkDoneProgressBegin(title="Lacuna", message="loading the model")
    return server.editor.shows_progress and await server.editor.begin_progress(_LOADING, begin)
