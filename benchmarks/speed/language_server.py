"""``lacuna bench lsp``: answers in a document of 10,000 lines, with the engine idle and while it
fills."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.machine import cpu_seconds, describe, quantile, resident_mb
from benchmarks.speed.lsp_client import LspClient, items_of

LINES = 10_000
LONG, BUSY = "file:///bench/long.py", "file:///bench/busy.md"
CAPABILITIES: dict[str, Any] = {
    "textDocument": {"inlineCompletion": {}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}
LINE = "total = compute(width, height, depth)"
CPU_S = 5.0
"""For so long nothing is asked of the server while its processor time is read."""


def measure(runs: int) -> dict[str, float | int | str]:
    """Milliseconds from sending to the answer, as a client sees them."""
    server = LspClient(CAPABILITIES)
    try:
        server.wait_until_ready()
        server.open(LONG, f"{LINE}\n" * (LINES - 2) + "x = ____\n")
        server.open(
            BUSY,
            "# Report\n\n" + "Some words before. <fill tokens=32> And after.\n\n" * 2,
            "markdown",
        )
        report: dict[str, float | int | str] = {
            "runs": runs,
            "initialize_ms": round(server.initialized_ms, 1),
        }
        report |= _kinds(server, runs, "idle", 2)
        with _filling(server):
            report |= _kinds(server, runs, "filling", 100_000)
            report |= _cancelling(server, runs)
        time.sleep(1.0)
        before = cpu_seconds(server.process.pid)
        time.sleep(CPU_S)
        report["idle_cpu_percent"] = round(
            100 * (cpu_seconds(server.process.pid) - before) / CPU_S, 2
        )
        return report | {"rss_mb": resident_mb(server.process.pid), "machine": describe()}
    finally:
        server.close()


def _kinds(server: LspClient, runs: int, state: str, version: int) -> dict[str, float]:
    """p95 of every kind of request that needs no pass, each after an edit."""
    at = {"line": LINES // 2, "character": len(LINE)}
    here: dict[str, Any] = {"textDocument": {"uri": LONG}}
    cursor = {"start": at, "end": at}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "code_action": (
            "textDocument/codeAction",
            here | {"range": cursor, "context": {"diagnostics": []}},
        ),
        "code_lens": ("textDocument/codeLens", here),
        "diagnostic": ("textDocument/diagnostic", here),
    }
    times: dict[str, list[float]] = {name: [] for name in (*asked, "typed_through")}
    for number in range(runs):
        for name, (method, params) in asked.items():
            version += 1
            _edit(server, version, {"line": number, "character": 0}, "y")
            times[name].append(server.timed(method, params)[1])
        version = _typed_through(server, version, times["typed_through"])
    return {f"{state}_{name}_p95_ms": quantile(values, 0.95) for name, values in times.items()}


def _typed_through(server: LspClient, version: int, times: list[float]) -> int:
    """Ask at an unfinished line, type the first letters of the suggestion, and ask after each."""
    line_start = {"line": LINES - 1, "character": 0}
    typed = LINE[:20]
    version += 1
    _edit(server, version, line_start, typed)
    asked = {"textDocument": {"uri": LONG}, "context": {"triggerKind": 1}}
    items = items_of(
        server.request(
            "textDocument/inlineCompletion",
            asked | {"position": line_start | {"character": len(typed)}},
        )
    )
    rest = items[0]["insertText"][:4] if items else ""
    for letter in rest:
        version += 1
        _edit(server, version, line_start | {"character": len(typed)}, letter)
        typed += letter
        position = line_start | {"character": len(typed)}
        times.append(
            server.timed(
                "textDocument/inlineCompletion",
                asked | {"position": position, "context": {"triggerKind": 2}},
            )[1]
        )
    version += 1
    _edit(server, version, line_start, "", line_start | {"character": len(typed)})
    return version


def _cancelling(server: LspClient, runs: int) -> dict[str, float]:
    """From the cancel of a running suggestion to its answer."""
    times = []
    params = {
        "textDocument": {"uri": LONG},
        "position": {"line": 7, "character": 3},
        "context": {"triggerKind": 1},
    }
    for _ in range(runs):
        identifier = server.start("textDocument/inlineCompletion", params)
        time.sleep(0.01)
        began = time.perf_counter()
        server.notify("$/cancelRequest", {"id": identifier})
        server.wait(identifier)
        times.append(max(0.0, server.came[identifier] - began) * 1000)
    return {"cancel_to_reply_p95_ms": quantile(times, 0.95)}


@contextmanager
def _filling(server: LspClient) -> Iterator[None]:
    """A command that fills blanks is running all the time."""
    over = threading.Event()

    def fill() -> None:
        while not over.is_set():
            server.request(
                "workspace/executeCommand",
                {"command": "lacuna.fillBlanks", "arguments": [{"uri": BUSY}]},
            )

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=60)


def _edit(
    server: LspClient,
    version: int,
    start: dict[str, int],
    text: str,
    end: dict[str, int] | None = None,
) -> None:
    change = {"range": {"start": start, "end": end or start}, "text": text}
    document = {"uri": LONG, "version": version}
    server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
