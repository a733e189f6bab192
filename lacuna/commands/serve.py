"""``lacuna serve``: the options of the command as settings, and where it listens on standard
error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from engine import Engine, find_model
from engine.http.serve import serve
from engine.http.settings import Limits, ServeSettings, SettingsError, default_socket
from engine.network.config_file import read_model_config
from lacuna.commands.show.terminal import say
from lacuna.errors import UserError


def serve_engine(
    model: Path | None,
    backend: str,
    *,
    socket: str | None,
    parallel: int,
    queue: int,
    request_s: float,
    drain_s: float,
    stream_after_s: float,
    **fields: Any,
) -> None:
    """Serve until told to stop; ``fields`` are those of ``ServeSettings``."""
    folder = find_model(model)
    read_model_config(folder)  # a folder that is not a model is told before anything is listened on
    path = default_socket() if socket is None else None if socket == "none" else Path(socket)

    def announce(addresses: str) -> None:
        say(f"lacuna: {folder.name} is served at {addresses}")
        sys.stderr.flush()

    try:
        limits = Limits(
            running=parallel,
            waiting=queue,
            request_s=request_s,
            drain_s=drain_s,
            stream_after_s=stream_after_s,
        )
        settings = ServeSettings(socket=path, limits=limits, **fields)
        serve(settings, folder, lambda: Engine(folder, backend), announce)
    except (SettingsError, ValueError) as exc:
        raise UserError(str(exc)) from exc
