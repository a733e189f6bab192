"""``lacuna lsp`` as a benchmark sees it: raw messages over pipes, and when each answer came."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
import time
from typing import IO, Any

COMMAND = [sys.executable, "-m", "lacuna", "lsp"]


def send_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; ``None`` at the end of the stream."""
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if not length:
        return None
    message: dict[str, Any] = json.loads(stream.read(length))
    return message


class LspProcess:
    """A server that was initialised for ``capabilities``; a thread reads what it says."""

    def __init__(self, capabilities: dict[str, Any] | None = None) -> None:
        began = time.perf_counter()
        self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[tuple[float, dict[str, Any]]]] = {}
        self.notified: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.request("initialize", {"capabilities": capabilities or {}, "processId": None, "rootUri": None})
        self.initialized_ms = (time.perf_counter() - began) * 1000
        self.notify("initialized", {})

    def request(self, method: str, params: Any) -> tuple[Any, float]:
        """The result and the milliseconds it took."""
        began = time.perf_counter()
        came, message = self.wait(self.start(method, params))
        return message.get("result"), (came - began) * 1000

    def start(self, method: str, params: Any) -> int:
        identifier = next(self._ids)
        self._answers[identifier] = queue.Queue()
        self._send({"method": method, "params": params, "id": identifier})
        return identifier

    def wait(self, identifier: int, timeout: float = 120) -> tuple[float, dict[str, Any]]:
        """When the answer came, and the answer."""
        found = self._answers[identifier].get(timeout=timeout)
        del self._answers[identifier]
        return found

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def open(self, uri: str, text: str, language: str = "python") -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def wait_until_ready(self) -> None:
        while True:
            note = self.notified.get(timeout=60)
            if note["method"] == "lacuna/status" and note["params"]["state"] == "ready":
                return

    def close(self) -> None:
        try:
            self.request("shutdown", None)
            self.notify("exit", None)
            self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self._reader.join(timeout=10)
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        send_message(self.process.stdin, message)

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while (message := read_message(stream)) is not None:
            came = time.perf_counter()
            if "method" not in message:
                self._answers[message["id"]].put((came, message))
            elif "id" in message:
                applied = {"applied": True} if message["method"] == "workspace/applyEdit" else None
                self._send({"id": message["id"], "result": applied})
            else:
                self.notified.put(message)
