"""What the process may still use, and what it has freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import psutil

CGROUP, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux tells what a container or a service may use."""
_RECLAIMABLE = ("inactive_file", "slab_reclaimable")


def available_memory() -> int | None:
    """Bytes that can be used without paging, by the system's count and the limit of the container;
    ``None`` where the system does not tell."""
    try:
        free = int(psutil.virtual_memory().available)
    except (psutil.Error, OSError, ValueError):
        return None
    try:
        own = OWN_CGROUP.read_text().strip().removeprefix("0::/")
    except OSError:
        own = ""
    return int(min(free, *(_left(folder) for folder in {CGROUP, CGROUP / own})))


def _left(cgroup: Path) -> float:
    """Bytes up to the limit of a group of processes; cached files make room."""
    try:
        limit, used = ((cgroup / name).read_text() for name in ("memory.max", "memory.current"))
        rows = (line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        cached = sum(int(size) for name, size in rows if name in _RECLAIMABLE)
        return max(0, int(limit) - max(0, int(used) - cached))
    except (OSError, ValueError):  # no group, or one without a limit
        return float("inf")


def trim() -> None:
    """Ask glibc to return free memory; it keeps what lies between blocks in use. Elsewhere nothing
    happens."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return
