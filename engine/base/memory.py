"""Memory that the process has freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys


def trim() -> None:
    """Ask glibc to return free memory; it keeps what lies between blocks in use. Elsewhere nothing
    happens."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return
