"""``lacuna bench startup``: from process start of ``lacuna lsp`` to its reply to ``initialize``, memory, size on disk."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks.machine import describe, quantile, resident_mb

COMMAND = [sys.executable, "-m", "lacuna", "lsp"]
URI = "file:///bench.py"


def measure(runs: int) -> dict[str, float | int | str]:
    """Medians over ``runs`` starts; memory after the model is loaded and has answered."""
    starts, readies, memory = [], [], []
    for _ in range(runs):
        started, ready, rss = _one_start()
        starts.append(started)
        readies.append(ready)
        memory.append(rss)
    return {
        "runs": runs,
        "initialize_p50_ms": quantile(starts, 0.5),
        "initialize_p95_ms": quantile(starts, 0.95),
        "first_answer_p50_ms": quantile(readies, 0.5),
        "lsp_rss_mb": max(memory),
        "machine": describe(),
    }


def installed_mb(site_packages: Path) -> float:
    """Size of an environment's packages in MB (10^6 bytes)."""
    return round(sum(f.stat().st_size for f in site_packages.rglob("*") if f.is_file() and not f.is_symlink()) / 1e6, 1)


def _one_start() -> tuple[float, float, float]:
    began = time.perf_counter()
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None and process.stdout is not None
    try:
        _send(process.stdin, "initialize", {"capabilities": {}, "processId": None, "rootUri": None}, 1)
        _answer(process.stdout, 1)
        initialized = (time.perf_counter() - began) * 1000
        _send(process.stdin, "initialized", {})
        document = {"uri": URI, "languageId": "python", "version": 1, "text": "import os\n\n\ndef main():\n    return os."}
        _send(process.stdin, "textDocument/didOpen", {"textDocument": document})
        for identifier in range(2, 1000):
            params: dict[str, Any] = {"textDocument": {"uri": URI}, "position": {"line": 4, "character": 14}}
            _send(process.stdin, "textDocument/inlineCompletion", params | {"context": {"triggerKind": 1}}, identifier)
            if _answer(process.stdout, identifier):
                break
            time.sleep(0.02)  # still loading: the server answers at once with nothing
        ready = (time.perf_counter() - began) * 1000
        memory = resident_mb(process.pid)
        _send(process.stdin, "shutdown", None, 1001)
        _answer(process.stdout, 1001)
        _send(process.stdin, "exit", None)
        process.wait(timeout=20)
        return initialized, ready, memory
    finally:
        process.kill()


def _send(stream: BinaryIO | Any, method: str, params: Any, identifier: int | None = None) -> None:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    body = json.dumps(message if identifier is None else message | {"id": identifier}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def _answer(stream: BinaryIO | Any, identifier: int) -> Any:
    """The result of request ``identifier``; notifications on the way are passed over."""
    while True:
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        if not length:
            raise RuntimeError("the language server ended before it answered")
        message = json.loads(stream.read(length))
        if message.get("id") == identifier and "method" not in message:
            return message.get("result")
