"""Runs the application: addresses, TLS, and a stop that lets running requests end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from engine.base.errors import EngineError
from engine.http.app import create_app
from engine.http.security.addresses import bind_tcp, bind_unix, check_exposure
from engine.http.security.bounded_head import BoundedHead
from engine.http.security.keys import Keys, read_keys
from engine.http.settings import ServeSettings, SettingsError
from engine.service.core import Engine

KEEP_ALIVE_S = 75
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Leaves signals to us: there may be two of them in one loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    settings: ServeSettings,
    folder: Path,
    load: Callable[[], Engine],
    announce: Callable[[str], None],
) -> None:
    """Serve until told to stop; ``SettingsError`` or the engine's error when it cannot be.

    ``announce`` is given the addresses when they are listened on.
    """
    check_exposure(settings)
    keys = Keys() if settings.key_file is None else read_keys(settings.key_file)
    tcp = bind_tcp(settings.host, settings.port)
    try:
        unix = None if settings.socket is None else bind_unix(settings.socket)
    except SettingsError:
        tcp.close()
        raise
    try:
        failure = asyncio.run(_run(settings, folder, load, keys, tcp, unix, announce))
    finally:
        if settings.socket is not None and unix is not None:
            with suppress(FileNotFoundError):
                settings.socket.unlink()
    if failure is not None:
        raise failure


async def _run(
    settings: ServeSettings,
    folder: Path,
    load: Callable[[], Engine],
    keys: Keys,
    tcp: socket.socket,
    unix: socket.socket | None,
    announce: Callable[[str], None],
) -> EngineError | None:
    failures: list[EngineError] = []
    servers: list[_Server] = []

    def stop() -> None:
        app.state.serving.service.draining = True
        for server in servers:
            server.force_exit = server.should_exit  # asked twice: at once
            server.should_exit = True

    def failed(exc: EngineError) -> None:
        failures.append(exc)
        stop()

    app = create_app(
        load,
        folder=folder,
        aliases=settings.aliases,
        keys=keys,
        hosts=(settings.host, *settings.allowed_hosts),
        limits=settings.limits,
        on_failed=failed,
    )
    secured = settings.tls_certificate is not None
    # The Unix socket never leaves the machine and is plain; with TLS each has a server, which share
    # the application.
    groups = (
        [[tcp], [unix]]
        if secured and unix is not None
        else [[tcp] if unix is None else [tcp, unix]]
    )
    for sockets in groups:
        servers.append(_Server(_config(app, settings, tls=secured and sockets[0] is tcp)))
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop)
    # The engine lives as long as the last of the servers: the one whose requests have ended must
    # not end those of the other.
    async with app.router.lifespan_context(app):
        running = [
            asyncio.create_task(server.serve(sockets))
            for server, sockets in zip(servers, groups, strict=True)
        ]
        while not all(
            server.started or task.done() for server, task in zip(servers, running, strict=True)
        ):
            await asyncio.sleep(0.01)
        announce(_addresses(settings, tcp, unix, secured))
        await asyncio.gather(*running)
    return failures[0] if failures else None


def _config(app: Starlette, settings: ServeSettings, tls: bool) -> uvicorn.Config:
    try:
        config = uvicorn.Config(
            app,
            http=BoundedHead,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=int(settings.limits.drain_s),
            ssl_certfile=settings.tls_certificate if tls else None,
            ssl_keyfile=settings.tls_key if tls else None,
        )
        config.load()
    except OSError as exc:
        raise SettingsError(
            "The TLS certificate or its key cannot be read; name PEM files with --tls-cert and "
            "--tls-key."
        ) from exc
    # Its warnings are of what clients send: one for every broken request, for anybody to fill a
    # log with, and advice on WebSockets that nobody here needs.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    return config


def _addresses(
    settings: ServeSettings, tcp: socket.socket, unix: socket.socket | None, secured: bool
) -> str:
    host, port = tcp.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    addresses = [f"{'https' if secured else 'http'}://{shown}:{port}"]
    if unix is not None:
        addresses.append(f"unix:{settings.socket}")
    return " and ".join(addresses)
