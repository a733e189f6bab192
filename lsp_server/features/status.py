"""``lacuna/status``, and the commands ``lacuna.showStatus`` and ``lacuna.doctor``."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from lsprotocol import types

from lsp_server.context import ServerContext
from lsp_server.features.execute_command import options_of

SHOW, DOCTOR = "lacuna.showStatus", "lacuna.doctor"
DOCTOR_S = 120.0
"""The doctor may take so long; a runtime that hangs is what it looks for."""


def register(server: ServerContext) -> None:
    @server.command(SHOW)
    async def show_status(*arguments: Any) -> dict[str, object]:
        """Counts and times; with ``{uri}`` the settings of that document and why it was last shown
        nothing, too."""
        uri = options_of(arguments).get("uri")
        uri = uri if isinstance(uri, str) else None
        why = server.suggester.reasons.get(uri or "")
        server.editor.tell(server.status.sentence(why), types.MessageType.Info)
        about: dict[str, object] = {
            "version": server.version,
            "settings": msgspec.to_builtins(server.configuration.of(uri)),
        }
        told = {"reason": why, "withheld": dict(server.suggester.withheld)}
        return server.status.report() | about | server.engine.about() | told

    @server.command(DOCTOR)
    async def doctor(*arguments: Any) -> str:
        return await examine()


async def examine() -> str:
    """What ``lacuna doctor`` says: asked of a process of its own, which may fail without harm.

    The working folder may be a project with modules of our names, so neither it nor the environment
    is searched (``-E -P``), and the process does not even stand in it.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-E", "-P", "-X", "utf8", "-m", "lacuna", "doctor"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=Path(sys.executable).parent,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), DOCTOR_S)
    except TimeoutError:
        return f"`lacuna doctor` has not ended after {DOCTOR_S:.0f} seconds; run it in a terminal."
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return said.decode("utf-8", "replace")
