"""Somebody who types into the real language server, faster than it can answer, and whose editor
makes mistakes."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from tests.lsp_server.client import VSCODE, Client

LINE = "total = compute(width, height)\n"
LINES = 60
ALLOWED_ERRORS = {-32700, -32600, -32601, -32602, -32800, -32801, -32802, -32803}
"""Errors that LSP and JSON-RPC have for what this user does wrong or takes back."""
MOST_WAITING = 40
PATIENCE_S = 120.0


class EditorUser:
    """One editor, with documents that come and go."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._rng, self._folder = rng, folder
        self.client = Client(VSCODE, root=folder.as_uri(), cwd=folder)
        self.client.wait_until_ready()
        self._versions: dict[str, int] = {}
        self._waiting: list[int] = []
        self.outcomes: Counter[str] = Counter()
        for number in range(3):
            self._open(f"{folder.as_uri()}/shop{number}.py")

    def act(self) -> None:
        """One thing that a person or a faulty editor does."""
        self._rng.choice(
            [self._type] * 6 + [self._ask] * 6 + [self._fill, self._take_back, self._err]
            + [self._reopen, self._paste, self._configure]
        )()  # fmt: skip
        if len(self._waiting) > MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Wait for every answer; each has to come once."""
        for identifier in self._waiting:
            answer = self.client.wait(identifier, timeout=PATIENCE_S)
            code = answer["error"]["code"] if "error" in answer else 0
            assert code == 0 or code in ALLOWED_ERRORS, answer
            assert self.client.replies[identifier] == 1
            self.outcomes[str(code) if code else "answered"] += 1
            del self.client.answers[identifier], self.client.replies[identifier]
            self.client.came.pop(identifier, None)
        self._waiting.clear()
        while not self.client.notifications.empty():
            self.client.notifications.get_nowait()
        self.client.edits.clear()
        self.client.asked.clear()

    def _open(self, uri: str) -> None:
        self._versions[uri] = 1
        self.client.open(uri, LINE * LINES)

    def _uri(self) -> str:
        return self._rng.choice([*self._versions])

    def _change(self, uri: str, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        self._versions[uri] += 1
        ends = [{"line": line, "character": character} for line, character in (start, end)]
        change = {"range": {"start": ends[0], "end": ends[1]}, "text": text}
        self.client.change(uri, self._versions[uri], change)

    def _type(self) -> None:
        line = self._rng.randrange(LINES)
        typed = self._rng.choice(["x", "____", "é", "😀", ""])
        self._change(self._uri(), (line, 0), (line, self._rng.randrange(4)), typed)

    def _ask(self) -> None:
        cursor = {"line": self._rng.randrange(LINES), "character": self._rng.randrange(12)}
        method, more = self._rng.choice(
            [
                ("inlineCompletion", {"position": cursor, "context": {"triggerKind": 1}}),
                ("completion", {"position": cursor}),
                (
                    "codeAction",
                    {"range": {"start": cursor, "end": cursor}, "context": {"diagnostics": []}},
                ),
                ("codeLens", {}),
                ("diagnostic", {}),
            ]
        )
        document = {"textDocument": {"uri": self._uri()}}
        self._waiting.append(self.client.start(f"textDocument/{method}", document | more))

    def _fill(self) -> None:
        argument = {"uri": self._uri()}
        params = {"command": "lacuna.fillBlanks", "arguments": [argument]}
        self._waiting.append(self.client.start("workspace/executeCommand", params))

    def _take_back(self) -> None:
        if self._waiting:
            self.client.notify("$/cancelRequest", {"id": self._rng.choice(self._waiting)})

    def _err(self) -> None:
        """Requests that cannot be answered, and a message that is none."""
        wrong = self._rng.choice(
            [
                ("textDocument/inlineCompletion", {"textDocument": 3}),
                ("textDocument/codeAction", None),
                ("workspace/executeCommand", {"command": "lacuna.nothing"}),
                ("textDocument/nothing", {}),
                ("textDocument/diagnostic", {"textDocument": {"uri": "nowhere:"}}),
            ]
        )
        self._waiting.append(self.client.start(*wrong))
        if self._rng.random() < 0.2:
            self.client.raw(b"Content-Length: 9\r\n\r\n{not json")

    def _reopen(self) -> None:
        uri = self._uri()
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        self._open(uri)

    def _paste(self) -> None:
        """A quarter of a megabyte comes and goes."""
        uri = self._uri()
        self._change(uri, (0, 0), (0, 0), "long = 1  # " + "x" * 80 + "\n" + LINE * 8_000)
        self._ask()
        self._change(uri, (0, 0), (8_001, 0), "")

    def _configure(self) -> None:
        """Settings that are broken, and ones that are not."""
        text = self._rng.choice(["debounce_ms = ", 'debounce_ms = "soon"', "", "debounce_ms = 50"])
        (self._folder / "lacuna.toml").write_text(text)
        changes = [{"uri": f"{self._folder.as_uri()}/lacuna.toml", "type": 2}]
        self.client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        self.client.notify("workspace/didChangeConfiguration", {"settings": None})
