"""The language server on standard input and output, each with a thread of its own: the event loop
never waits for a client that does not read, and the end of input is noticed whatever the loop is
doing.

Reads and writes go to the file descriptors. Python's buffered objects have locks, and a thread that
holds one of them while the interpreter shuts down aborts the process.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Awaitable, Callable

from engine.base.errors import RequestRejected

CHUNK = 64 * 2**10
AHEAD = 64
"""Chunks that are read before the loop has handled the first of them."""
MOST_UNREAD = 64 * 2**20
"""Bytes that wait for a client that does not read; beyond, it counts as gone."""


def open_streams() -> tuple[int, int]:
    """File descriptors of the client's end; raises ``RequestRejected`` where standard input or
    output is closed.

    A descriptor that is closed is given to the next file that is opened, a model file for instance,
    so all three are filled before anything else is opened: here, or by the command with something
    that fails when it is used.
    """
    unusable = [number for number in (0, 1) if not _usable(number)]
    for number in (0, 1, 2):
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)
    if unusable:
        raise RequestRejected(
            "The language server talks to an editor over standard input and output, and they are "
            "closed; start it from an "
            "editor, or use --tcp 127.0.0.1:PORT."
        )
    # What writes to standard output by mistake must not end up between two messages.
    own = os.dup(1)
    os.dup2(2, 1)
    return 0, own


def _usable(number: int) -> bool:
    """Whether standard input can be read, or standard output written."""
    try:
        os.read(number, 0) if number == 0 else os.write(number, b"")
    except OSError:
        return False
    return True


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


async def read_input(
    descriptor: int, feed: Callable[[bytes], Awaitable[None]], on_end: Callable[[], None]
) -> None:
    """Read in a thread and feed what comes, to its end; ``on_end`` is called in the thread,
    whatever the loop is doing."""
    loop, room = asyncio.get_running_loop(), threading.Semaphore(AHEAD)
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        chunk = b"more"
        while chunk:
            try:
                chunk = os.read(descriptor, CHUNK)
            except OSError:
                chunk = b""
            if not chunk:
                on_end()
            room.acquire()
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:  # the loop is closed: the server is ending already
                return

    threading.Thread(target=read, name="lacuna-input", daemon=True).start()
    while chunk := await chunks.get():
        room.release()
        await feed(chunk)


class OutputThread:
    """Writes in a thread what the loop hands it; ``on_broken`` is called there when nobody reads
    any more."""

    def __init__(self, descriptor: int, on_broken: Callable[[], None]) -> None:
        self._descriptor, self._on_broken = descriptor, on_broken
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unread = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="lacuna-output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._unread += len(data)
            full = self._unread > MOST_UNREAD
        if full:
            self._on_broken()
        else:
            self._waiting.put(data)

    def close(self) -> None:
        self._waiting.put(None)

    def flush(self, seconds: float) -> None:
        """Wait for what was written to be gone, but no longer than this; nothing can be written
        afterwards."""
        self.close()
        self._thread.join(seconds)

    def _work(self) -> None:
        while (data := self._waiting.get()) is not None:
            left = memoryview(data)
            try:
                while left:
                    left = left[os.write(self._descriptor, left) :]
            except OSError:
                self._on_broken()
                return
            with self._lock:
                self._unread -= len(data)
