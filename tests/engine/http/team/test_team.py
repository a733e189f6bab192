"""Two engines on this machine behind one address: a client keeps to one of them, one that is killed
costs nobody an answer, and an exchange of both neither."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import psutil
import pytest

from engine import EngineUnavailable, FillRequest, Span
from engine.http.client.http_engine import HttpEngine
from tests.conftest import ROOT
from tests.engine.http.servers import eventually

pytest.importorskip("ray", reason="the extra ray is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KEY = "abcdefghijklmnop1234"
TEXT = "def area(width, height):\n    return ____\n"
REQUEST = FillRequest(text=TEXT, spans=(Span(start=36, end=40, tokens=3),), session="a.py")
CLIENTS, FILLS = 6, 12


@contextmanager
def lacuna_team(folder, engines="min_replicas = 2\nmax_replicas = 2\n"):
    """`lacuna team`; yields (process, url, file with the key)."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    keys = folder / "keys"
    keys.write_text(f"anna {KEY}\n")
    keys.chmod(0o600)
    (folder / "team.toml").write_text(
        f'port = {port}\nkey_file = "{keys}"\n{engines}health_check_s = 1\n'
    )
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lacuna", "team", str(folder / "team.toml")],
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        eventually(lambda: "served at" in log.read_text() or process.poll() is not None, 200)
        assert process.poll() is None, log.read_text()
        yield process, f"http://127.0.0.1:{port}", keys
    finally:
        running = process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True) if running else []
        process.terminate()
        try:
            process.wait(60)
        finally:
            for child in children:
                if child.is_running():
                    child.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with lacuna_team(tmp_path_factory.mktemp("team")) as found:
        yield found


def engines(process):
    """Processes of the engines."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        try:
            if "ServeReplica" in " ".join(one.cmdline()):
                found.append(one)
        except psutil.Error:
            continue
    return found


def answered(url, client):
    """How many fills the engine of a client has answered."""
    headers = {"Authorization": f"Bearer {KEY}", "X-Lacuna-Client": client}
    lines = httpx.get(f"{url}/metrics", headers=headers, timeout=60).text.splitlines()
    wanted = 'lacuna_requests_total{kind="fill",outcome="ok"}'
    return next((float(line.split()[-1]) for line in lines if line.startswith(wanted)), 0.0)


def test_who_has_no_key_gets_no_answer(served):
    _, url, _ = served
    assert httpx.get(f"{url}/v1/models", timeout=60).status_code == 401
    assert httpx.get(f"{url}/health", timeout=60).status_code == 200
    foreign = {"Host": "stranger.example", "Authorization": f"Bearer {KEY}"}
    assert httpx.get(f"{url}/v1/models", headers=foreign, timeout=60).status_code == 403

    async def scenario():
        client = HttpEngine(url)
        with pytest.raises(EngineUnavailable, match="asks for a key"):
            await client.load()
        await client.close()

    asyncio.run(scenario())


def test_a_client_keeps_to_one_engine_and_clients_are_spread_over_both(served):
    _, url, _ = served
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"text": TEXT, "spans": [{"start": 36, "end": 40, "tokens": 3}]}
    clients = [str(number) for number in range(8)]
    for client in clients:
        before = answered(url, client)
        for _ in range(3):
            done = httpx.post(
                f"{url}/v1/fill",
                json=body,
                headers=headers | {"X-Lacuna-Client": client},
                timeout=60,
            )
            assert done.status_code == 200
        assert answered(url, client) == before + 3
    assert all(answered(url, client) < 3 * len(clients) for client in clients), "one has all"


async def load_while(url, keys, disturb):
    """Fills of several clients at once, and ``disturb`` in the middle of them; the answers."""
    clients = [HttpEngine(url, keys) for _ in range(CLIENTS)]
    done = 0

    async def fills(client):
        nonlocal done
        found = []
        for _ in range(FILLS):
            found.append(await client.fill(REQUEST, interactive=True))
            done += 1
        return found

    running = [asyncio.create_task(fills(client)) for client in clients]
    while done < CLIENTS * FILLS // 4 and not any(task.done() for task in running):
        await asyncio.sleep(0.01)
    await asyncio.to_thread(disturb)
    found = await asyncio.gather(*running)
    for client in clients:
        await client.close()
    return [one for several in found for one in several]


def test_an_engine_that_is_killed_under_load_costs_nobody_an_answer(served):
    process, url, keys = served
    victim, other = engines(process)
    answers = asyncio.run(load_while(url, keys, lambda: os.kill(victim.pid, signal.SIGKILL)))
    assert len(answers) == CLIENTS * FILLS
    assert {answer.spans for answer in answers} == {answers[0].spans}
    eventually(lambda: len(engines(process)) == 2 and other in engines(process), 120)
    assert victim.pid not in [one.pid for one in engines(process)]


def test_new_settings_exchange_the_engines_and_cost_nobody_an_answer(served):
    process, url, keys = served
    former = {one.pid for one in engines(process)}

    def exchange():
        process.send_signal(signal.SIGHUP)
        eventually(lambda: not former & {one.pid for one in engines(process)}, 200)

    answers = asyncio.run(load_while(url, keys, exchange))
    assert len(answers) == CLIENTS * FILLS
    eventually(lambda: len(engines(process)) == 2, 120)


def test_cancelling_a_call_takes_it_out_of_its_engine(served):
    _, url, keys = served
    slow = FillRequest(
        text="x = " * 200,
        spans=tuple(Span(start=4 * i, end=4 * i, tokens=32) for i in range(1, 60)),
    )

    async def scenario():
        client = HttpEngine(url, keys)
        await client.load()
        call = asyncio.create_task(client.fill(slow, interactive=False))
        await asyncio.sleep(0.5)
        assert not call.done()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        began = time.monotonic()
        while (await asyncio.to_thread(running, url, client.name)) > 0:
            assert time.monotonic() - began < 20, "the engine goes on for nobody"
        await client.close()

    asyncio.run(scenario())


def test_a_queue_asks_for_another_engine(tmp_path):
    wanted = "min_replicas = 1\nmax_replicas = 2\nrequests_per_replica = 1\n"
    with lacuna_team(tmp_path, wanted) as (process, url, keys):
        assert len(engines(process)) == 1

        async def ask(client, enough):
            while not enough.is_set():
                await client.fill(REQUEST, interactive=False)

        async def scenario():
            clients = [HttpEngine(url, keys) for _ in range(CLIENTS)]
            enough = asyncio.Event()
            asking = [asyncio.create_task(ask(client, enough)) for client in clients]
            await asyncio.to_thread(eventually, lambda: len(engines(process)) == 2, 200)
            enough.set()
            await asyncio.gather(*asking)
            for client in clients:
                await client.close()

        asyncio.run(scenario())


def running(url, client):
    headers = {"Authorization": f"Bearer {KEY}", "X-Lacuna-Client": client}
    lines = httpx.get(f"{url}/metrics", headers=headers, timeout=60).text.splitlines()
    return float(
        next(line for line in lines if line.startswith("lacuna_requests_running ")).split()[-1]
    )
