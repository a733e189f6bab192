"""Keeping settings up to date: asking the client, watching files, offering suggestions in just the languages that are on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.settings.configuration import path_of
from lsp_server.edits.edit_command import plain
from lsp_server.settings.schema import NAME, settings_files

if TYPE_CHECKING:
    from lsp_server.server import LacunaServer

INLINE, FILES = "lacuna.inlineCompletion", "lacuna.settingsFiles"
"""Registrations of ours."""
SECTION = "lacuna"


def register_configuration(server: LacunaServer) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        if params.settings is not None:
            server.configuration.set_client_value(None, plain(params.settings).get(SECTION))
        await ask(server, [None, *(document.uri for document in server.documents)])
        await apply(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_workspace_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {path_of(folder.uri) for folder in params.event.removed}
        come = [path for folder in params.event.added if (path := path_of(folder.uri)) is not None]
        server.configuration.folders = [f for f in server.configuration.folders if f not in gone] + come
        await apply(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        await apply(server)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        if params.text_document.uri.endswith(f"/{NAME}"):  # for clients that watch no files
            await apply(server)


async def start(server: LacunaServer) -> None:
    """After ``initialized``: what can only be asked for or registered now."""
    await ask(server, [None])
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched and watched.dynamic_registration:
        files: list[types.FileSystemWatcher] = [types.FileSystemWatcher(f"**/{NAME}")]
        if watched.relative_pattern_support:
            home = settings_files(None)[0].parent
            files.append(types.FileSystemWatcher(types.RelativePattern(base_uri=home.as_uri(), pattern=NAME)))
        options = types.DidChangeWatchedFilesRegistrationOptions(files)
        await _register(server, FILES, types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    await apply(server)


async def apply(server: LacunaServer) -> None:
    """Settings may have changed: use them from now on, and say what is wrong with them."""
    server.configuration.invalidate()
    settings = server.configuration.of(None)
    server.status.off = not settings.inline_completion
    server.show_status()
    wanted = settings.languages if settings.inline_completion else ()
    if offers_by_language(server.client_capabilities) and wanted != server.offered:
        if server.offered:
            unregistered = [types.Unregistration(INLINE, types.TEXT_DOCUMENT_INLINE_COMPLETION)]
            await server.client_unregister_capability_async(types.UnregistrationParams(unregistered))
        server.offered = wanted
        if wanted:
            selector = [types.TextDocumentFilterLanguage(language=language) for language in wanted]
            options = types.InlineCompletionRegistrationOptions(document_selector=selector)
            await _register(server, INLINE, types.TEXT_DOCUMENT_INLINE_COMPLETION, options)
    server.look_again()
    for complaint in server.configuration.complaints():
        server.tell(complaint)


async def ask(server: LacunaServer, uris: Sequence[str | None]) -> None:
    """What the client has for documents, and for everything (``None``), where it can be asked."""
    workspace = server.client_capabilities.workspace
    if not uris or workspace is None or not workspace.configuration:
        return
    items = [types.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in uris]
    found = await server.workspace_configuration_async(types.ConfigurationParams(items))
    for uri, said in zip(uris, found or [], strict=False):
        server.configuration.set_client_value(uri, plain(said))


def offers_by_language(capabilities: types.ClientCapabilities) -> bool:
    """True where suggestions are registered language by language, rather than said to be there for everything."""
    text = capabilities.text_document
    return bool(text and text.inline_completion and text.inline_completion.dynamic_registration)


async def _register(server: LacunaServer, identifier: str, method: str, options: Any) -> None:
    registration = types.Registration(id=identifier, method=method, register_options=options)
    await server.client_register_capability_async(types.RegistrationParams([registration]))
