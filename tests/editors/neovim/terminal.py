"""A Neovim in a terminal of its own: keys go in as a person types them, and what a person would see
comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pynvim
import pyte

T = TypeVar("T")
COLUMNS, LINES = 100, 30
# pyte prints these instead of passing over them, and knows colours with semicolons only.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]|\x1bP.*?\x1b\\|\x1b\[4:[0-9]m|\x1b\[58:[0-9:]*m", re.DOTALL
)
_COLOUR = re.compile(rb"([34]8):2:(?:[0-9]*:)?([0-9]+):([0-9]+):([0-9]+)")


def wait(what: Callable[[], T], seconds: float = 20) -> T:
    """The first true value of ``what()``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.05)
    raise AssertionError("the editor did not come so far")


class Terminal:
    """One Neovim, its screen, and a channel to ask it things."""

    def __init__(
        self, nvim: str, init: Path, path: Path, socket: Path, env: dict[str, str]
    ) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        command = [nvim, "-n", "-u", str(init), "--listen", str(socket), str(path)]
        colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env | colours, cwd=path.parent,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait(socket.exists)
        self.nvim = pynvim.attach("socket", path=str(socket))
        wait(lambda: self.nvim.vvars["vim_did_enter"])

    def _read(self) -> None:
        while self._open:
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if ready:
                try:
                    data = os.read(self._master, 65536)
                except OSError:
                    return
                self._stream.feed(_COLOUR.sub(rb"\1;2;\2;\3;\4", _UNKNOWN.sub(b"", data)))

    def keys(self, keys: str) -> None:
        """As if typed, with Neovim's names of special keys."""
        self.nvim.input(keys)

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.nvim.exec_lua(code, *arguments)

    @property
    def text(self) -> str:
        return "\n".join(self.nvim.current.buffer[:]) + "\n"

    @property
    def rows(self) -> list[str]:
        """The screen, without blanks at the ends of its lines."""
        return [line.rstrip() for line in list(self.screen.display)]

    def sees(self, piece: str) -> bool:
        return any(piece in row for row in self.rows)

    def says(self, piece: str) -> bool:
        """As ``sees``, in a window that may break its lines anywhere."""
        return piece in " ".join(" ".join(row.strip("│ ") for row in self.rows).split())

    def row(self, number: int) -> str:
        """Row ``number`` of the screen, from 1."""
        return self.rows[number - 1]

    def colour(self, row: int, column: int) -> str:
        """Of the text at a cell of the screen, both from 1."""
        found: str = self.screen.buffer[row - 1][column - 1].fg
        return found

    @property
    def waits_for_enter(self) -> bool:
        """True where it says "Press ENTER or type command to continue"."""
        mode = self.nvim.api.get_mode()
        return bool(mode["blocking"]) or mode["mode"].startswith("r") or self.sees("Press ENTER")

    def saved(self) -> str:
        """Leave insert mode, write the file, and read it from the disk."""
        self.keys("<Esc>:silent w<CR>")
        wait(lambda: not self.nvim.current.buffer.options["modified"])
        return Path(self.nvim.current.buffer.name).read_text("utf-8")

    def leave(self) -> None:
        try:
            self.nvim.command("silent! qa!", async_=True)
            self.nvim.close()
        except OSError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._open = False
        self._reader.join(timeout=2)
        os.close(self._master)
