"""Is the process that started us still there? LSP asks servers to end when it is not (``processId``
of ``initialize``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psutil

EVERY_S = 1.0


async def when_gone(process_id: int, tell: Callable[[], None]) -> None:
    """Call ``tell`` when the process has ended, at once where there is none; a number taken again
    counts as ended."""
    try:
        process = psutil.Process(process_id)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(EVERY_S)
    except psutil.AccessDenied:
        return  # it is there, and not ours to look at
    except (psutil.Error, ValueError, OverflowError):
        pass
    tell()
