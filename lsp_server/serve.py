"""Start the language server on stdio or TCP with an embedded engine."""

from __future__ import annotations

from pathlib import Path

from engine import RequestRejected
from lsp_server.engine_client import EmbeddedEngine
from lsp_server.server import make_server


def serve(tcp: str | None, model: Path | None, backend: str) -> None:
    """Serve until the client leaves; ``RequestRejected`` for an address that is none."""
    server = make_server(EmbeddedEngine(model, backend))
    if tcp is None:
        server.start_io()
        return
    host, colon, port = tcp.rpartition(":")
    if not colon or not port.isdigit():
        raise RequestRejected(f"--tcp {tcp} is no address; write HOST:PORT, for instance 127.0.0.1:8765.")
    server.start_tcp(host or "127.0.0.1", int(port))
