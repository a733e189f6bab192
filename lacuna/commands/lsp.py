"""``lacuna lsp``: the language server with the engine that the command line names."""

from __future__ import annotations

from pathlib import Path

from engine.http.client.address import EngineAddress
from lacuna.errors import UserError
from lsp_server.serve import serve


def serve_editor(
    tcp: str | None, model: Path | None, backend: str, url: str | None, key_file: Path | None
) -> None:
    """Serve one editor; ``UserError`` for options that contradict each other or lead nowhere."""
    if url is not None and (model is not None or backend != "auto"):
        raise UserError(
            "The server at --engine-url has its own model; leave --model and --backend to it."
        )
    engine_address = None
    if url is not None or key_file is not None:
        try:
            engine_address = EngineAddress(
                url=url, key_file=None if key_file is None else str(key_file)
            )
        except ValueError as exc:
            raise UserError(f"--engine-url cannot be used: {exc}.") from None
    serve(tcp, model, backend, engine_address)
