"""The language server on a loopback port, for one client.

Whoever can connect to the port can talk to the server: every user of this machine, and any program
that one of them runs, a browser among them. So a connection must open with a message of LSP (an
HTTP request is dropped at its first line), the first one to send ``initialize`` is the client, and
all others are turned away.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from engine.base.errors import RequestRejected

CHUNK = 64 * 2**10
INTRODUCTION_S = 10.0
"""A connection that has not sent ``initialize`` by then is dropped."""
MOST_WAITING = 8
"""Connections that may be about to introduce themselves."""
MOST_UNREAD = 64 * 2**20
"""Bytes that wait for a client that does not read; beyond, it counts as gone."""
TURNED_AWAY = b"This language server has its client already.\r\n"


class Conversation(Protocol):
    """One connection's messages (``lsp_server.transport.session.Session``)."""

    @property
    def started(self) -> bool: ...

    async def feed(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...


class ClientStream:
    """The client's end of a connection, as pygls writes to it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD:
            self._writer.transport.abort()
        elif not self._writer.is_closing():
            self._writer.write(data)

    def close(self) -> None:
        self._writer.close()


def parse_address(text: str) -> tuple[str, int]:
    """(host, port) of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``; raises ``RequestRejected`` for
    what is not loopback."""
    host, colon, number = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if (
        not colon
        or not (number.isascii() and number.isdigit())
        or len(number) > 5
        or int(number) > 65535
    ):
        raise RequestRejected(
            f"--tcp {text!r} is not an address; write HOST:PORT with a port from 0 to 65535, for "
            "instance 127.0.0.1:8765."
        )
    host = host or "127.0.0.1"
    try:
        found = socket.getaddrinfo(
            host, int(number), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as exc:
        raise RequestRejected(
            f"--tcp: there is no host {host!r}; use 127.0.0.1 or localhost."
        ) from exc
    addresses = {str(entry[4][0]) for entry in found}
    if not all(
        ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses
    ):
        raise RequestRejected(
            f"--tcp {text}: other machines could connect there and read what is open in the "
            "editor; "
            "use 127.0.0.1 or localhost."
        )
    return sorted(addresses)[0], int(number)


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens; raises ``RequestRejected`` with the reason."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let another program listen on the same port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as exc:
        listening.close()
        reason = exc.strerror or type(exc).__name__
        raise RequestRejected(
            f"--tcp: cannot listen on {address[0]} port {address[1]} ({reason}); try another port."
        ) from exc
    listening.setblocking(False)
    return listening


async def serve_one(
    listening: socket.socket,
    converse: Callable[[Callable[[int], None]], Conversation],
    adopt: Callable[[ClientStream], None],
) -> int:
    """Accept connections until one has introduced itself and left; returns its exit status.

    ``converse`` makes the conversation of a connection, given what is to be told how it ended.
    ``adopt`` says where answers go: it is called before a message of a connection is handled, as
    long as there is no client.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[int] = loop.create_future()
    client: ClientStream | None = None
    introducing = asyncio.Lock()
    waiting: set[ClientStream] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal client
        output = ClientStream(writer)
        if client is not None or len(waiting) >= MOST_WAITING:
            writer.write(TURNED_AWAY)
            writer.close()
            return

        def ended(code: int) -> None:
            if client is output and not over.done():
                over.set_result(code)
            writer.close()

        waiting.add(output)
        conversation, deadline = converse(ended), loop.time() + INTRODUCTION_S
        try:
            while True:
                left = None if conversation.started else max(0.0, deadline - loop.time())
                chunk = await asyncio.wait_for(reader.read(CHUNK), left)
                async with introducing:
                    if not chunk or client not in (None, output):
                        break
                    if client is None:
                        adopt(output)
                    await conversation.feed(chunk)
                    if conversation.started:
                        client = output
        except (OSError, TimeoutError):
            pass
        finally:
            waiting.discard(output)
            conversation.end()

    async with await asyncio.start_server(connected, sock=listening):
        return await over
