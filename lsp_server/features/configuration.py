"""``workspace/didChangeConfiguration``, ``workspace/didChangeWorkspaceFolders``,
``workspace/didChangeWatchedFiles``: settings are read from files and asked of the client, and used
from then on.

Nothing waits for the client: until it has answered, files and ``initializationOptions`` hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from lsp_server.context import ServerContext
from lsp_server.documents.uris import path_of
from lsp_server.edits.edit_command import plain
from lsp_server.features import inline_completion
from lsp_server.settings.files import NAME, user_file

FILES = "lacuna.settingsFiles"
"""A registration of ours."""
SECTION = "lacuna"


def register(server: ServerContext) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        pushed = plain(params.settings)
        if isinstance(pushed, dict):
            server.configuration.set_client_value(None, pushed.get(SECTION))
        await _ask(server, [None, *(document.uri for document in server.documents)])
        await apply(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_workspace_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {path_of(folder.uri) for folder in params.event.removed}
        come = [path for folder in params.event.added if (path := path_of(folder.uri)) is not None]
        server.configuration.folders = [
            f for f in server.configuration.folders if f not in gone
        ] + come
        await apply(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        await apply(server)


async def start(server: ServerContext) -> None:
    """After ``initialized``: what can only be asked for or registered now."""
    await apply(server)
    server.keep(_watch(server))
    await _ask(server, [None])
    await apply(server)


async def apply(server: ServerContext) -> None:
    """Settings may have changed: use them from now on, and say what is wrong with them."""
    server.configuration.invalidate()
    settings = server.configuration.of(None)
    # Off in one project is not off in all.
    here = [server.configuration.of(document.uri) for document in server.documents] or [settings]
    server.status.off = not any(one.inline_completion for one in here)
    server.show_status()
    server.engine.configure(settings.threads, settings.engine)
    _complain(server)
    await inline_completion.offer_in(
        server, settings.languages if settings.inline_completion else ()
    )
    server.editor.refresh_diagnostics()


def _complain(server: ServerContext) -> None:
    for complaint in server.configuration.complaints():
        server.editor.tell(complaint)


async def ask_for(server: ServerContext, uris: Sequence[str]) -> None:
    """Documents were opened; until the client has said what it wants of them, what it wants of all
    holds."""
    await _ask(server, list(uris))
    for uri in uris:
        server.configuration.of(uri)  # the file of a further folder is read with its first document
    _complain(server)


async def _ask(server: ServerContext, uris: Sequence[str | None]) -> None:
    found = await server.editor.configuration(uris, SECTION)
    for uri, said in zip(uris, found, strict=False):
        if uri is None or server.documents.get(uri) is not None:  # it may be closed by now
            server.configuration.set_client_value(uri, plain(said))


async def _watch(server: ServerContext) -> None:
    """Have the client watch files of settings, where it can."""
    workspace = server.editor.capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if not watched or not watched.dynamic_registration:
        return
    files: list[types.FileSystemWatcher] = [types.FileSystemWatcher(f"**/{NAME}")]
    if watched.relative_pattern_support and (own := user_file()) is not None:
        files.append(
            types.FileSystemWatcher(
                types.RelativePattern(base_uri=own.parent.as_uri(), pattern=NAME)
            )
        )
    options = types.DidChangeWatchedFilesRegistrationOptions(files)
    await server.editor.register(FILES, types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
