"""Servers for tests: the real command in a process of its own, and an application in this one
around a scripted model."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import numpy as np
import uvicorn

from engine import Engine
from engine.backends.fake import FakeBackend
from engine.http.app import create_app
from engine.http.security.bounded_head import BoundedHead
from tests.conftest import ROOT


@contextmanager
def lacuna_serve(tmp_path, *options, keys=None):
    """`lacuna serve` with the bundled model; yields (process, url, socket path) once it is
    ready."""
    path = tmp_path / "s.sock"
    command = [
        sys.executable,
        "-m",
        "lacuna",
        "serve",
        "--port",
        "0",
        "--socket",
        str(path),
        *map(str, options),
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        url = _address(process, tmp_path / "log")
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(path)), base_url="http://lacuna"
        ) as client:
            while client.get("/health").status_code != 200:
                time.sleep(0.05)
        yield process, url, path
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


def log_of(tmp_path):
    return (tmp_path / "log").read_text()


def _address(process, log):
    while True:
        found = re.search(r"https?://[\w.:\[\]]+", log.read_text())
        if found:
            return found.group()
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)


class Gate:
    """A model whose passes wait: `entered` is set by a pass, `open` lets passes through."""

    def __init__(self, tokens=512):
        self.open, self.entered, self.stopped = (
            threading.Event(),
            threading.Event(),
            threading.Event(),
        )
        self.open.set()
        self._tokens, self._left = tokens, None

    def stop_after(self, queries):
        """Close the gate when so many more places were predicted."""
        self._left = queries

    def score(self, ids, positions, index):
        self.entered.set()
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.open.clear()
                self.stopped.set()
        assert self.open.wait(timeout=60)
        return np.arange(self._tokens) / self._tokens


@contextmanager
def application(config, tokenizer, gate=None, **options):
    """A real uvicorn in a thread around a scripted model; yields (url, app, backend)."""
    backend = FakeBackend((gate or Gate()).score)
    app = create_app(lambda: Engine.with_backend(config, tokenizer, backend), **options)
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app, http=BoundedHead, ws="none", log_config=None, access_log=False, lifespan="on"
        )
    )
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    try:
        while not server.started or httpx.get(f"{url}/health").status_code != 200:
            time.sleep(0.02)
        yield url, app, backend
    finally:
        if gate is not None:
            gate.open.set()
        server.should_exit = True
        thread.join(timeout=30)


def eventually(holds, seconds=20.0):
    """Wait until `holds()`; an assertion when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def events(raw):
    """(name, data) of server-sent events."""
    found = []
    for block in raw.split(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
        if b"data" in fields:
            found.append((fields.get(b"event", b"").decode(), fields[b"data"].decode()))
    return found


POSIX = os.name == "posix"
