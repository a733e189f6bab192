"""A language client of a page: real subprocess, raw JSON, answers to what the server asks."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from benchmarks.speed.lsp_process import read_message, send_message

RECORDED = {path.stem: json.loads(path.read_text("utf-8")) for path in (Path(__file__).parent / "clients").glob("*.json")}
"""Abilities as real editors declare them."""
NEOVIM, VSCODE = RECORDED["neovim-0.12"], RECORDED["vscode-1.139"]
MINIMAL: dict[str, Any] = {}
CLIENTS = {**dict(sorted(RECORDED.items())), "minimal": MINIMAL}


class Client:
    """Starts ``lacuna lsp`` and speaks to it; a reader thread sorts what comes."""

    def __init__(self, capabilities: dict[str, Any], options: Any = None, command: list[str] | None = None) -> None:
        command = command or [sys.executable, "-m", "lacuna", "lsp"]
        self.capabilities = capabilities
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ids = itertools.count(1)
        self.answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self.notifications: queue.Queue[dict[str, Any]] = queue.Queue()
        self.edits: list[dict[str, Any]] = []
        self.applied = True
        self.registered: dict[str, dict[str, Any]] = {}
        """What the server registered of its own accord, by its identifier."""
        self.configuration: Any = lambda scope: None
        """Scope (a URI, or nothing) -> what this client has for the section ``lacuna``."""
        self.replies: dict[int, int] = {}
        threading.Thread(target=self._read, daemon=True).start()
        params = {"processId": None, "rootUri": None, "capabilities": capabilities, "initializationOptions": options}
        self.server = self.request("initialize", params)["result"]
        self.notify("initialized", {})

    def request(self, method: str, params: Any) -> dict[str, Any]:
        return self.wait(self.start(method, params))

    def start(self, method: str, params: Any) -> int:
        identifier = next(self.ids)
        self.answers[identifier] = queue.Queue()
        self._send({"id": identifier, "method": method, "params": params})
        return identifier

    def wait(self, identifier: int, timeout: float = 20) -> dict[str, Any]:
        return self.answers[identifier].get(timeout=timeout)

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def complete(self, uri: str, line: int, character: int, kind: int = 1, **context: Any) -> dict[str, Any]:
        return self.wait(self.start_completion(uri, line, character, kind, **context))

    def start_completion(self, uri: str, line: int, character: int, kind: int = 1, **context: Any) -> int:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.start("textDocument/inlineCompletion", place | {"context": {"triggerKind": kind} | context})

    def complete_when_ready(self, uri: str, line: int, character: int) -> list[dict[str, Any]]:
        """Ask until the model is loaded: before, the server answers at once with nothing."""
        for _ in range(600):
            items = self.complete(uri, line, character)["result"]
            if items:
                return items
            threading.Event().wait(0.05)
        raise AssertionError("the model never became ready")

    def wait_until_ready(self) -> None:
        """Until the server says that the model is loaded."""
        while True:
            note = self.notifications.get(timeout=30)
            if note["method"] == "lacuna/status" and note["params"]["state"] == "ready":
                return

    def close(self) -> int:
        self.request("shutdown", None)
        self.notify("exit", None)
        code = self.process.wait(timeout=20)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        return code

    def _send(self, message: dict[str, Any]) -> None:
        send_message(self.process.stdin, message)

    def _read(self) -> None:
        while (message := read_message(self.process.stdout)) is not None:
            self._sort(message)

    def _answer(self, method: str, params: Any) -> Any:
        """What a client says to what it is asked."""
        if method == "workspace/configuration":
            return [self.configuration(item.get("scopeUri")) for item in params["items"]]
        if method == "client/registerCapability":
            self.registered |= {one["id"]: one for one in params["registrations"]}
        if method == "client/unregisterCapability":
            for one in params["unregisterations"]:
                self.registered.pop(one["id"])
        return None

    def _sort(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self.replies[message["id"]] = self.replies.get(message["id"], 0) + 1
            self.answers[message["id"]].put(message)
        elif message["method"] == "workspace/applyEdit":
            self.edits.append(message["params"]["edit"])
            self._send({"id": message["id"], "result": {"applied": self.applied}})
        elif "id" in message:
            self._send({"id": message["id"], "result": self._answer(message["method"], message.get("params"))})
        else:
            self.notifications.put(message)
