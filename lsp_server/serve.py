"""Start the language server on stdio or a loopback port, and end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.http.client.address import EngineAddress
from lsp_server.engine_client.chosen import ChosenEngine
from lsp_server.server import LacunaServer, make_server
from lsp_server.transport import stdio, tcp
from lsp_server.transport.session import Session

GRACE_S, LAST_S = 0.4, 0.9
"""After the end of a conversation: for the engine to let go, and for the process to end, whatever
is still computed."""


def serve(
    address: str | None,
    model: Path | None,
    backend: str,
    engine_address: EngineAddress | None = None,
) -> None:
    """Serve one client, with the engine at ``engine_address`` in place of an embedded one; the
    process ends with it. ``RequestRejected`` for an address that is none."""
    if address is None:
        reading, writing = stdio.open_streams()
        run_stdio(make_server(ChosenEngine(model, backend, engine_address)), reading, writing)
    else:
        listening = tcp.listen(tcp.parse_address(address))
        host, port = listening.getsockname()[:2]
        sys.stderr.write(
            f"Lacuna listens on {host} port {port} for one client; every user of this machine can "
            "connect until it does.\n"
        )
        sys.stderr.flush()
        server = make_server(ChosenEngine(model, backend, engine_address))
        asyncio.run(_run_tcp(server, listening))


def run_stdio(server: LacunaServer, reading: int, writing: int) -> None:
    """Serve on two file descriptors; the process ends."""
    asyncio.run(_run_stdio(server, reading, writing))


async def _run_stdio(server: LacunaServer, reading: int, writing: int) -> None:
    loop, ended = asyncio.get_running_loop(), _Ending()

    def unread() -> None:
        loop.call_soon_threadsafe(ended.end, 1)

    output = stdio.OutputThread(writing, unread)
    server.protocol.set_writer(output)
    session = Session(server.protocol, ended.end)
    _end_on_signals(ended)
    server.on_client_gone = lambda: ended.end(1)
    reader = asyncio.ensure_future(stdio.read_input(reading, session.feed, lambda: _hurry(1)))
    reader.add_done_callback(lambda _: session.end())
    code = await ended.wait()
    await _release(server)
    output.flush(GRACE_S)
    _leave(code)


async def _run_tcp(server: LacunaServer, listening: socket.socket) -> None:
    ended = _Ending()
    _end_on_signals(ended)
    server.on_client_gone = lambda: ended.end(1)

    def converse(on_end: Callable[[int], None]) -> Session:
        return Session(server.protocol, on_end, strict=True)

    serving = asyncio.ensure_future(tcp.serve_one(listening, converse, server.protocol.set_writer))
    serving.add_done_callback(
        lambda done: ended.end(1 if done.cancelled() or done.exception() else done.result())
    )
    code = await ended.wait()
    await _release(server)
    _leave(code)


class _Ending:
    """The exit status, once there is one."""

    def __init__(self) -> None:
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)
            _hurry(code)

    async def wait(self) -> int:
        return await asyncio.shield(self._code)


def _hurry(code: int) -> None:
    """The process ends soon, even when the loop is kept busy."""
    last = threading.Timer(LAST_S, _leave, (code,))
    last.daemon = True
    last.start()


def _end_on_signals(ended: _Ending) -> None:
    """Ctrl-C and a polite kill end the server as they end other programs, but not in the middle of
    an answer."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError):  # Windows; not in the main thread
            asyncio.get_running_loop().add_signal_handler(number, ended.end, 128 + number)


async def _release(server: LacunaServer) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(server.stop(), GRACE_S)


def _leave(code: int) -> None:
    """End at once: a runtime whose thread is in a pass aborts the process when the interpreter is
    taken down around it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)
