"""A raw client of the language server, for benchmarks and tests: a real subprocess, plain JSON, and
when each answer came.

It answers what the server asks as an editor does, counts the answers to every request, and can send
any bytes.
"""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

COMMAND = (sys.executable, "-E", "-P", "-m", "lacuna", "lsp")
Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def read_message(stream: IO[bytes]) -> Message | None:
    """The next message; ``None`` at the end of the stream."""
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if not length:
        return None
    message: Message = json.loads(stream.read(length))
    return message


def items_of(answer: Message) -> list[dict[str, Any]]:
    """Items of an answer to inline completion, which is a list of them or an object that holds
    one."""
    result = answer.get("result") or []
    items: list[dict[str, Any]] = result["items"] if isinstance(result, dict) else result
    return items


class LspClient:
    """Starts a server and, unless ``initialize`` is false, introduces itself; a thread reads what
    comes."""

    def __init__(
        self,
        capabilities: dict[str, Any] | None = None,
        options: Any = None,
        command: Sequence[str] = COMMAND,
        *,
        initialize: bool = True,
        process_id: int | None = None,
        root: str | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        silent: Sequence[str] = (),
    ) -> None:
        began = time.perf_counter()
        self.capabilities = capabilities or {}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            list(command), stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=env
        )
        self.ids = itertools.count(1)
        self.answers: dict[Any, queue.Queue[Message]] = {}
        self.came: dict[Any, float] = {}
        """When each answer came, by ``time.perf_counter``."""
        self.replies: Counter[Any] = Counter()
        """Answers to each request."""
        self.notifications: queue.Queue[Message] = queue.Queue()
        self.asked: list[Message] = []
        """What the server asked."""
        self.edits: list[dict[str, Any]] = []
        self.applied = True
        self.registered: dict[str, dict[str, Any]] = {}
        """What the server registered of its own accord, by its identifier."""
        self.configuration: Callable[[str | None], Any] = lambda scope: None
        """Scope (a URI, or nothing) -> what this client has for the section ``lacuna``."""
        self.silent = set(silent)
        """Methods that it never answers."""
        self.log = bytearray()
        """What the server wrote to its standard error."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._errors.start()
        self.server: dict[str, Any] = {}
        """The result of ``initialize``."""
        if initialize:
            about = {"processId": process_id, "rootUri": root, "capabilities": self.capabilities}
            self.server = self.request("initialize", about | {"initializationOptions": options})[
                "result"
            ]
            self.initialized_ms = (time.perf_counter() - began) * 1000
            self.notify("initialized", {})

    def request(self, method: str, params: Any, timeout: float = 30) -> Message:
        """The answer to a request."""
        return self.wait(self.start(method, params), timeout)

    def timed(self, method: str, params: Any) -> tuple[Any, float]:
        """The result of a request, and the milliseconds it took."""
        began = time.perf_counter()
        identifier = self.start(method, params)
        result = self.wait(identifier, 120).get("result")
        return result, (self.came[identifier] - began) * 1000

    def start(self, method: str, params: Any) -> int:
        """Send a request and go on."""
        identifier = next(self.ids)
        self.expect(identifier)
        self.send({"id": identifier, "method": method, "params": params})
        return identifier

    def expect(self, identifier: Any) -> None:
        """An answer with this id will come; ``None`` is that of what could not be read."""
        self.answers[identifier] = queue.Queue()

    def wait(self, identifier: Any, timeout: float = 30) -> Message:
        return self.answers[identifier].get(timeout=timeout)

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def send(self, message: Message) -> None:
        self.raw(encode(message))

    def raw(self, data: bytes) -> None:
        """Any bytes."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def complete(
        self, uri: str, line: int, character: int, kind: int = 1, **context: Any
    ) -> Message:
        return self.wait(self.start_completion(uri, line, character, kind, **context))

    def start_completion(
        self, uri: str, line: int, character: int, kind: int = 1, **context: Any
    ) -> int:
        where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.start(
            "textDocument/inlineCompletion", where | {"context": {"triggerKind": kind} | context}
        )

    def complete_when_ready(self, uri: str, line: int, character: int) -> list[dict[str, Any]]:
        """Ask until the model is loaded: before, the server answers at once with nothing."""
        for _ in range(600):
            if items := items_of(self.complete(uri, line, character)):
                return items
            time.sleep(0.05)
        raise AssertionError("the model never became ready")

    def run(self, command: str, **argument: Any) -> Message:
        """A command of ours."""
        return self.request(
            "workspace/executeCommand", {"command": command, "arguments": [argument]}
        )

    def wait_until_ready(self) -> None:
        """Until the server says that the model is loaded."""
        while True:
            note = self.notifications.get(timeout=60)
            if note["method"] == "lacuna/status" and note["params"]["state"] == "ready":
                return

    def message(self, timeout: float = 20) -> str:
        """The next sentence for the user."""
        while (note := self.notifications.get(timeout=timeout))["method"] != "window/showMessage":
            pass
        return str(note["params"]["message"])

    def close(self) -> int:
        """Shut the server down as LSP says; its exit status."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.left()

    def left(self, timeout: float = 20) -> int:
        """Wait for the process to end by itself; its exit status."""
        try:
            return self.process.wait(timeout=timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for thread in (self._reader, self._errors):
            thread.join(timeout=10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while chunk := self.process.stderr.read1(65536):  # type: ignore[attr-defined]
            self.log += chunk

    def _read(self) -> None:
        assert self.process.stdout is not None
        while (message := read_message(self.process.stdout)) is not None:
            self._sort(message)

    def _sort(self, message: Message) -> None:
        method, identifier = message.get("method"), message.get("id")
        if method is None:
            self.came[identifier] = time.perf_counter()
            self.replies[identifier] += 1
            self.answers.setdefault(identifier, queue.Queue()).put(message)
        elif "id" not in message:
            self.notifications.put(message)
        else:
            self.asked.append(message)
            if method not in self.silent:
                try:
                    self.send(
                        {"id": identifier, "result": self.answer(method, message.get("params"))}
                    )
                except (BrokenPipeError, ValueError):
                    pass  # the server asked and left

    def answer(self, method: str, params: Any) -> Any:
        """What this client says to what it is asked."""
        if method == "workspace/configuration":
            return [self.configuration(item.get("scopeUri")) for item in params["items"]]
        if method == "workspace/applyEdit":
            self.edits.append(params["edit"])
            return {"applied": self.applied}
        if method == "client/registerCapability":
            self.registered |= {one["id"]: one for one in params["registrations"]}
        if method == "client/unregisterCapability":
            for one in params["unregisterations"]:
                self.registered.pop(one["id"], None)
        return None
