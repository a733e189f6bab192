"""The editor at the other end: what we tell and ask it, each where it said that it can. An editor
may refuse, or never answer (``LacunaProtocol.send_request`` gives up then); both count as "no".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer


class Editor:
    """A thin face over the generated methods of pygls."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server

    @property
    def capabilities(self) -> types.ClientCapabilities:
        """What it can do; before ``initialize`` nothing."""
        return (
            getattr(self._server.protocol, "client_capabilities", None)
            or types.ClientCapabilities()
        )

    def notify(self, method: str, params: Any) -> None:
        """A notification of ours, which clients that do not know it ignore."""
        self._server.protocol.notify(method, params)

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        """A sentence for the user."""
        self._server.window_show_message(types.ShowMessageParams(type=kind, message=message))

    @property
    def offers_choices(self) -> bool:
        """True where a message may have buttons."""
        window = self.capabilities.window
        return bool(window and window.show_message and window.show_message.message_action_item)

    async def choose(self, message: str, titles: Sequence[str]) -> str | None:
        """A sentence with a choice; ``None`` where the user makes none."""
        actions = [types.MessageActionItem(title=title) for title in titles]
        params = types.ShowMessageRequestParams(types.MessageType.Info, message, actions)
        try:
            chosen = await self._server.window_show_message_request_async(params)
        except JsonRpcException:
            return None
        return None if chosen is None else chosen.title

    async def apply(self, edit: types.WorkspaceEdit, label: str) -> bool:
        """True when the editor applied the edit."""
        params = types.ApplyWorkspaceEditParams(edit=edit, label=label)
        try:
            answer = await self._server.workspace_apply_edit_async(params)
        except JsonRpcException:
            return False
        return bool(answer and answer.applied)

    async def configuration(self, uris: Sequence[str | None], section: str) -> list[Any]:
        """What it has for documents, and for everything (``None``); nothing where it cannot be
        asked."""
        workspace = self.capabilities.workspace
        if not uris or workspace is None or not workspace.configuration:
            return []
        items = [types.ConfigurationItem(scope_uri=uri, section=section) for uri in uris]
        with suppress(JsonRpcException):
            found = await self._server.workspace_configuration_async(
                types.ConfigurationParams(items)
            )
            return list(found) if isinstance(found, list | tuple) else []
        return []

    async def register(self, identifier: str, method: str, options: Any) -> bool:
        registration = types.Registration(id=identifier, method=method, register_options=options)
        try:
            await self._server.client_register_capability_async(
                types.RegistrationParams([registration])
            )
        except JsonRpcException:
            return False
        return True

    async def unregister(self, identifier: str, method: str) -> None:
        gone = types.UnregistrationParams([types.Unregistration(identifier, method)])
        with suppress(JsonRpcException):
            await self._server.client_unregister_capability_async(gone)

    def refresh_diagnostics(self) -> None:
        """Ask it to pull diagnostics again: more can be said than before."""
        workspace = self.capabilities.workspace
        if workspace and workspace.diagnostics and workspace.diagnostics.refresh_support:
            self._server.workspace_diagnostic_refresh(None)

    def refresh_content(self, uri: str) -> None:
        """Ask it to read a virtual document again."""
        self._server.workspace_text_document_content_refresh(
            types.TextDocumentContentRefreshParams(uri=uri)
        )

    @property
    def shows_progress(self) -> bool:
        window = self.capabilities.window
        return bool(window and window.work_done_progress)

    async def begin_progress(self, token: str, begin: types.WorkDoneProgressBegin) -> bool:
        """True when it shows the progress."""
        try:
            await self._server.work_done_progress.create_async(token)
        except JsonRpcException:
            return False
        self._server.work_done_progress.begin(token, begin)
        return True

    def report_progress(self, token: str, percentage: int) -> None:
        self._server.work_done_progress.report(
            token, types.WorkDoneProgressReport(percentage=percentage)
        )

    def end_progress(self, token: str) -> bool:
        """End it; true when the user had cancelled it."""
        progress = self._server.work_done_progress
        pressed = progress.tokens.pop(token, None)  # pygls keeps ended tokens
        progress.end(token, types.WorkDoneProgressEnd())
        return pressed is not None and pressed.cancelled()

    def on_progress_cancelled(self, token: str, act: Any) -> None:
        """``act`` when the user cancels."""
        pressed = self._server.work_done_progress.tokens[token]
        pressed.add_done_callback(lambda done: act() if done.cancelled() else None)
