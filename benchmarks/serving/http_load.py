"""`lacuna serve` under load (locust), and what HTTP over a Unix socket costs beside an embedded
engine."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.infill_cases import Case
from benchmarks.machine import describe, quantile
from benchmarks.speed.latency import library_cases
from engine import Engine, FillRequest, SamplerOptions, Span
from engine.http.client.http_engine import HttpEngine

CLIENTS = (1, 4, 16, 64)
SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
WARM_UP, FILLS = 5, 60
"""Of the overhead: fills that do not count, and those that do."""


def measure(folder: Path, seconds: int) -> dict[str, float | int | str]:
    """Fills a second and milliseconds an answer for so many clients at once, each number for
    ``seconds``; the overhead."""
    if importlib.util.find_spec("locust") is None:
        raise ModuleNotFoundError("locust is missing", name="locust")
    report: dict[str, float | int | str] = {"seconds": seconds, "machine": describe()}
    with (
        tempfile.TemporaryDirectory() as temporary,
        _served(folder, Path(temporary) / "s.sock") as (url, socket),
    ):
        report |= asyncio.run(_overhead(folder, socket, library_cases(FILLS + WARM_UP)))
        for clients in CLIENTS:
            report |= {
                f"http_{clients}_{name}": value
                for name, value in _load(url, clients, seconds).items()
            }
    return report


@contextmanager
def _served(folder: Path, socket: Path) -> Iterator[tuple[str, Path]]:
    command = [
        sys.executable,
        *("-E", "-P"),
        "-m",
        "lacuna",
        "serve",
        "--port",
        "0",
        "--socket",
        str(socket),
        "--model",
        str(folder),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = next((word for word in line.split() if word.startswith("http")), "")
        if not url:
            raise RuntimeError(f"the server did not start: {line.strip()}")
        yield url, socket
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _overhead(folder: Path, socket: Path, cases: Sequence[Case]) -> dict[str, float]:
    """The same fills by an engine of this process and over the socket, in turn."""
    client = HttpEngine(f"unix:{socket}")
    await client.load()
    differences, alone = [], []
    with Engine(folder) as engine:
        for case in cases:
            request = FillRequest(
                text=case.text,
                spans=(Span(start=case.start, end=case.end, single_line=True),),
                copies=False,
                sampler=SamplerOptions(repairs=0),
            )
            began = time.perf_counter()
            embedded = await asyncio.wrap_future(engine.submit_fill(request).future)
            middle = time.perf_counter()
            served = await client.fill(request, interactive=True)
            ended = time.perf_counter()
            assert served.spans == embedded.spans, "the two engines answer differently"
            alone.append(1000 * (middle - began))
            # Beyond the engine's own time, which varies more than what is to be measured.
            differences.append((1000 * (ended - middle) - served.ms) - (alone[-1] - embedded.ms))
    await client.close()
    return {
        "http_embedded_ms_p50": quantile(alone[WARM_UP:], 0.5),
        "http_overhead_ms_p50": quantile(differences[WARM_UP:], 0.5),
        "http_overhead_ms_p95": quantile(differences[WARM_UP:], 0.95),
        # Three processes wake each other for an answer: a busy machine shows in the overhead.
        "http_overhead_load_average": round(os.getloadavg()[0], 2),
    }


def _load(url: str, clients: int, seconds: int) -> dict[str, float]:
    """One run of locust; an answer other than 200 counts as a failure."""
    user = Path(__file__).with_name("load_user.py")
    options = ["--headless", "--json", "--only-summary", "--loglevel", "ERROR", "--host", url]
    amount = [
        "--users",
        str(clients),
        "--spawn-rate",
        str(clients),
        "--run-time",
        f"{seconds}s",
        "--stop-timeout",
        "30",
    ]
    command = [sys.executable, "-P", "-m", "locust", "-f", str(user), *options, *amount]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=seconds + 180,
    )
    try:
        [found] = json.loads(done.stdout)
    except ValueError as exc:
        raise RuntimeError(f"locust failed: {done.stderr.strip()[-300:]}") from exc
    times = {float(ms): count for ms, count in found["response_times"].items()}
    lasted = found["last_request_timestamp"] - found["start_time"]
    figures = {f"{name}_ms": _quantile(times, share) for name, share in SHARES.items()}
    return {
        "fills_per_s": round(found["num_requests"] / max(lasted, 1e-9), 1),
        **figures,
        "failures": found["num_failures"],
    }


def _quantile(times: dict[float, int], share: float) -> float:
    """Of a histogram: the time within which ``share`` of the answers came."""
    wanted, seen = share * sum(times.values()), 0
    for ms in sorted(times):
        seen += times[ms]
        if seen >= wanted:
            return ms
    return 0.0
