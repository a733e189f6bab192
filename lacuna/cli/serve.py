"""Commands that go on until they are ended: ``lsp``, ``serve`` and ``team``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacuna.cli.options import BackendName, Model, RunFile


def lsp(
    tcp: Annotated[
        str | None,
        typer.Option("--tcp", metavar="HOST:PORT", help="Listen instead of using stdio."),
    ] = None,
    engine_url: Annotated[
        str | None,
        typer.Option(
            "--engine-url",
            metavar="URL",
            help="Ask a running `lacuna serve` (unix:/path, https://HOST) instead of a model here.",
        ),
    ] = None,
    engine_key_file: Annotated[
        Path | None,
        typer.Option("--engine-key-file", metavar="FILE", help="The key for it; mode 600."),
    ] = None,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Run the language server, on stdio unless told otherwise."""
    from lacuna.commands.lsp import serve_editor

    serve_editor(tcp, model, backend, engine_url, engine_key_file)


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address; any but loopback needs --api-key-file.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8012,
    socket: Annotated[
        str | None,
        typer.Option(
            "--socket",
            metavar="PATH|none",
            help="Unix socket beside it (default: in the runtime folder).",
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            "--api-key-file", metavar="FILE", help="One KEY or NAME KEY a line; mode 600."
        ),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", metavar="PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="PEM")] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="NAME", help="Another name of the model.")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host", metavar="NAME", help="A name under which this server is asked."
        ),
    ] = None,
    parallel: Annotated[
        int, typer.Option("--parallel", min=1, help="Requests that share the engine.")
    ] = 8,
    queue: Annotated[
        int, typer.Option("--queue", min=1, help="Requests that may wait for their turn.")
    ] = 128,
    request_s: Annotated[
        float, typer.Option("--request-s", help="Longest time of a request, in seconds.")
    ] = 60.0,
    stream_after_s: Annotated[
        float,
        typer.Option(
            "--stream-after-s",
            help="OpenAI-style streams send an answer that is there by then whole.",
        ),
    ] = 0.5,
    drain_s: Annotated[
        float, typer.Option("--drain-s", help="Time for running requests when stopped, in seconds.")
    ] = 30.0,
    model: Model = None,
    backend: BackendName = "auto",
) -> None:
    """Serve the engine over HTTP: our own calls, llama.cpp's /infill, OpenAI's completions and
    chat."""
    from lacuna.commands.serve import serve_engine

    serve_engine(
        model,
        backend,
        host=host,
        port=port,
        socket=socket,
        key_file=api_key_file,
        tls_certificate=tls_cert,
        tls_key=tls_key,
        aliases=tuple(alias or ()),
        allowed_hosts=tuple(allowed_host or ()),
        parallel=parallel,
        queue=queue,
        request_s=request_s,
        drain_s=drain_s,
        stream_after_s=stream_after_s,
    )


def team(file: RunFile) -> None:
    """Serve several engines behind one address, on one machine or more (Ray)."""
    from lacuna.commands.team import serve_team

    serve_team(file)
