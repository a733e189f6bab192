"""`make soak`: mixed load with faults against the real language server and the real HTTP server, for
half an hour; what they hold at rest between the bursts is the figure.

    python -m tests.soak.soak MINUTES REPORT.json
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks.machine import describe
from tests.engine.http.servers import lacuna_serve
from tests.soak.editor_user import EditorUser
from tests.soak.http_user import HttpUser
from tests.soak.resources import Sample, rest, sample, summary

BURST_S = 12.0
REST_S = 3.0
"""Memory that many requests at once needed is given back when there is nothing to do."""
HTTP_USERS = 3


def soak(minutes: float, folder: Path, seed: int = 0) -> dict[str, object]:
    """The report of a run; an assertion fails where an answer is missing, comes twice or is a
    server's error."""
    began = time.monotonic()
    with lacuna_serve(folder) as (server, url, _):
        (workspace := folder / "workspace").mkdir()
        editor = EditorUser(workspace, random.Random(seed))
        users = [HttpUser(url, random.Random(seed + 1 + i)) for i in range(HTTP_USERS)]
        held: dict[str, list[Sample]] = {"lsp": [], "http": []}
        while (second := time.monotonic() - began) < 60 * minutes:
            _burst([editor.act, *(user.act for user in users)])
            editor.settle()
            time.sleep(REST_S)
            for name, pid in (("lsp", editor.client.process.pid), ("http", server.pid)):
                rest(pid)
                held[name].append(sample(pid, second))
        outcomes = Counter[str]()
        for user in users:
            outcomes += user.outcomes
            user.close()
        left = _left(url)
        status = editor.client.close()
    return {
        "machine": describe(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "seed": seed,
        "lsp": summary(held["lsp"]) | {"outcomes": dict(editor.outcomes), "exit_status": status},
        "http": summary(held["http"]) | {"outcomes": dict(outcomes), "left_over": left},
    }


def _burst(actions: list[Callable[[], None]]) -> None:
    """Everybody acts at the same time, again and again; the first failure is raised here."""
    until, failed = time.monotonic() + BURST_S, list[BaseException]()

    def act(action: Callable[[], None]) -> None:
        try:
            while time.monotonic() < until and not failed:
                action()
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _left(url: str) -> float:
    """Requests that are still in the server's engine or queue, when nobody asks."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    names = ("lacuna_requests_running ", "lacuna_requests_waiting ")
    return sum(float(line.split()[1]) for line in lines if line.startswith(names))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        report = soak(float(sys.argv[1]), Path(temporary))
    Path(sys.argv[2]).write_text(json.dumps(report, indent=1) + "\n")
    for name in ("lsp", "http"):
        kept = {key: value for key, value in report[name].items() if key != "samples"}
        sys.stdout.write(f"{name} {json.dumps(kept)}\n")
