"""What the process may still use, and what it has freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")
"""Of a container, where the system tells what it may use."""


def available_memory() -> int | None:
    """Bytes that can be used without paging, by the system's count and the limit of the container;
    ``None`` where the system does not tell."""
    try:
        free = int(psutil.virtual_memory().available)
    except (psutil.Error, OSError, ValueError):
        return None
    try:
        limit, used = ((CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        return min(free, max(0, int(limit) - int(used)))
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def trim() -> None:
    """Ask glibc to return free memory; it keeps what lies between blocks in use. Elsewhere nothing
    happens."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return
