"""``lacuna bench startup``: from process start of ``lacuna lsp`` to its reply to ``initialize``,
memory, size on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, quantile, resident_mb
from benchmarks.speed.lsp_client import LspClient, items_of

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
    return round(
        sum(
            f.stat().st_size for f in site_packages.rglob("*") if f.is_file() and not f.is_symlink()
        )
        / 1e6,
        1,
    )


def _one_start() -> tuple[float, float, float]:
    began = time.perf_counter()
    server = LspClient()
    try:
        server.open(URI, "import os\n\n\ndef main():\n    return os.")
        cursor: dict[str, Any] = {
            "textDocument": {"uri": URI},
            "position": {"line": 4, "character": 14},
        }
        for _ in range(1000):
            if items_of(
                server.request(
                    "textDocument/inlineCompletion", cursor | {"context": {"triggerKind": 1}}
                )
            ):
                break
            time.sleep(0.02)  # still loading: the server answers at once with nothing
        return (
            server.initialized_ms,
            (time.perf_counter() - began) * 1000,
            resident_mb(server.process.pid),
        )
    finally:
        server.close()
