"""One client's conversation: every message is checked, the order of the life cycle is kept, and
what no handler can be given is answered here, so that every request is answered exactly once.

The states are those of LSP: before ``initialize`` requests are refused with -32002 and
notifications dropped; after ``shutdown`` requests are refused with -32600; ``exit`` ends with
status 0 after ``shutdown`` and 1 without.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Literal

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.transport.framing import Framing, Unreadable
from lsp_server.transport.protocol import LacunaProtocol

logger = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602
NOT_INITIALIZED = -32002
SAID_AT_MOST = 100
"""Lines of the log about messages that could not be handled: a client that reads no log must not
fill its pipe."""


class Session:
    """Feed it the client's bytes; ``on_end`` is told the exit status once, when the conversation is
    over."""

    def __init__(
        self, protocol: LacunaProtocol, on_end: Callable[[int], None], strict: bool = False
    ) -> None:
        self._protocol, self._on_end, self._strict = protocol, on_end, strict
        self._framing = Framing(strict)
        self._state: Literal["new", "running", "shut down", "ended"] = "new"
        self._said = 0

    @property
    def started(self) -> bool:
        """True once a client has introduced itself, until it leaves; one that leaves at once was
        none."""
        return self._state in ("running", "shut down")

    async def feed(self, chunk: bytes) -> None:
        """Handle whatever is complete now, in order: a handler sees the documents before the next
        message changes them."""
        for found in self._framing.feed(chunk):
            if self._state == "ended":
                return
            if isinstance(found, Unreadable):
                self._unreadable(found.reason)
            else:
                self._survive(found)
            await asyncio.sleep(0)  # the handler's task runs up to where it first waits

    def end(self) -> None:
        """The client has gone without ``exit``."""
        self._end(0 if self._state == "shut down" else 1)

    def _end(self, code: int) -> None:
        if self._state != "ended":
            self._state = "ended"
            self._on_end(code)

    def _unreadable(self, reason: str, code: int = INVALID_REQUEST) -> None:
        """A message is lost, and with it perhaps an edit: what we know of open documents is no
        longer sure."""
        self._say(reason)
        if self._strict:
            self._end(1)
            return
        self._refuse(None, code, reason)
        self._protocol.lost_message()

    def _survive(self, body: bytes) -> None:
        """One message that brings out a fault of ours does not end the conversation."""
        try:
            self._body(body)
        except Exception as exc:
            self._say(f"A message could not be handled: {type(exc).__name__}.")

    def _body(self, body: bytes) -> None:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            self._unreadable("A message is not JSON that can be read.", PARSE_ERROR)
            return
        if not isinstance(data, dict) or data.get("jsonrpc") != "2.0":
            self._refuse(_id_of(data), INVALID_REQUEST, "A message is not a JSON-RPC 2.0 object.")
            return
        if "method" not in data:
            self._protocol.answered(data)
            return
        method, identifier = data["method"], _id_of(data)
        if not isinstance(method, str) or ("id" in data and identifier is None):
            self._refuse(
                identifier,
                INVALID_REQUEST,
                "A message has no method that is a string, or no id that is one.",
            )
        elif method == types.EXIT:
            self._end(0 if self._state == "shut down" else 1)
        elif "id" in data:
            self._request(method, identifier, data)
        else:
            self._notification(method, data)

    def _request(self, method: str, identifier: Any, data: dict[str, Any]) -> None:
        if self._state == "shut down":
            self._refuse(identifier, INVALID_REQUEST, "The server is shut down.")
            return
        if self._state == "new" and method != types.INITIALIZE:
            self._refuse(identifier, NOT_INITIALIZED, "Send `initialize` first.")
            return
        if self._state == "running" and method == types.INITIALIZE:
            self._refuse(identifier, INVALID_REQUEST, "The server is initialized already.")
            return
        try:
            message = self._protocol.structure_message(data)
        except (JsonRpcException, RecursionError):
            self._say(f"{method} came with parameters that it does not have.")
            self._refuse(
                identifier, INVALID_PARAMS, f"The parameters of {method} are not those of LSP."
            )
            return
        if method == types.INITIALIZE:
            self._state = "running"
        elif method == types.SHUTDOWN:
            self._state = "shut down"
        self._protocol.handle_message(message)

    def _notification(self, method: str, data: dict[str, Any]) -> None:
        if self._state != "running":
            return
        try:
            message = self._protocol.structure_message(data)
        except (JsonRpcException, RecursionError):
            self._say(f"{method} came with parameters that it does not have.")
            self._protocol.lost_edit(data.get("params"))
            return
        self._protocol.handle_message(message)

    def _refuse(self, identifier: Any, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self._protocol.write({"jsonrpc": "2.0", "id": identifier, "error": error})

    def _say(self, sentence: str) -> None:
        self._said += 1
        if self._said <= SAID_AT_MOST:
            logger.error("%s", sentence)


def _id_of(data: Any) -> int | str | None:
    """The id of a message; ``None`` where there is none that JSON-RPC knows."""
    identifier = data.get("id") if isinstance(data, dict) else None
    return (
        identifier
        if isinstance(identifier, int | str) and not isinstance(identifier, bool)
        else None
    )
