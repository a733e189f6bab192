"""Under load: disconnects free the engine within a step, the queue is bounded and fair, deadlines
hold, a stop drains."""

import asyncio
import http.client
import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from engine.http.settings import Limits
from tests.engine.http.servers import Gate, application, eventually, lacuna_serve

SLOWLY = {"threshold": 1.0, "steps": 24, "repairs": 0}
LONG = {"text": "x = ", "spans": [{"start": 4, "end": 4, "tokens": 24}], "sampler": SLOWLY}


@pytest.fixture
def ask():
    """Sends a request on a socket of its own, whose answer nobody has read yet."""
    connections = []

    def send(url, path="/v1/fill", body=LONG):
        host, port = url.removeprefix("http://").split(":")
        raw = json.dumps(body).encode()
        connections.append(socket.create_connection((host, int(port)), timeout=60))
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(raw)}\r\n\r\n"
        connections[-1].sendall(head.encode() + raw)
        return connections[-1]

    yield send
    for connection in connections:
        connection.close()


def running_at(url):
    """How many requests are in the engine of a server."""
    return int(
        float(
            httpx.get(f"{url}/metrics").text.split("\nlacuna_requests_running ")[1].split("\n")[0]
        )
    )


def answer_on(connection):
    """The answer that comes on a connection: status, headers, JSON."""
    with http.client.HTTPResponse(connection) as answer:
        answer.begin()
        return answer.status, answer.headers, json.loads(answer.read())


def status(connection):
    return answer_on(connection)[0]


BODIES = [
    ("/v1/fill", LONG),
    ("/v1/fill", LONG | {"stream": True}),
    ("/infill", {"input_prefix": "x = ", "input_suffix": "\n", "n_predict": 24}),
    ("/infill", {"input_prefix": "x = ", "input_suffix": "\n", "n_predict": 24, "stream": True}),
    ("/v1/completions", {"prompt": "x = ", "max_tokens": 24}),
    ("/v1/completions", {"prompt": "x = ", "max_tokens": 24, "stream": True}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x = ____"}]}),
    ("/v1/rewrite", {"text": "a word or two", "start": 2, "end": 6}),
    ("/v1/before", {"text": "a word or two", "at": 0}),
    ("/v1/score", {"text": "a word or two " * 40, "stride": None}),
]


@pytest.mark.parametrize(
    ("path", "body"),
    BODIES,
    ids=[path + "?stream" * body.get("stream", False) for path, body in BODIES],
)
def test_a_disconnect_frees_the_engine_within_one_step(config, tokenizer, ask, path, body):
    gate = Gate()
    with application(config, tokenizer, gate) as (url, app, backend):
        service = app.state.serving.service
        gate.open.clear()
        gate.entered.clear()
        connection = ask(url, path, body)
        assert gate.entered.wait(10)  # the first pass is in the engine
        passes = len(backend.batches)
        connection.close()
        eventually(lambda: backend.interrupts)
        gate.open.set()
        eventually(lambda: service.admission.running == 0)
        assert len(backend.batches) == passes
        assert httpx.post(f"{url}/v1/fill", json=LONG).status_code == 200


@pytest.mark.parametrize("path", ["/v1/fill", "/v1/completions"])
def test_a_disconnect_in_the_middle_of_a_stream_frees_the_engine(config, tokenizer, ask, path):
    gate = Gate()
    with application(config, tokenizer, gate, limits=Limits(stream_after_s=0)) as (
        url,
        app,
        backend,
    ):
        service = app.state.serving.service
        body = (
            LONG | {"stream": True}
            if path == "/v1/fill"
            else {"prompt": "x = ", "max_tokens": 24, "stream": True}
        )
        gate.stop_after(60)
        connection = ask(url, path, body)
        raw = b""
        while b"data: " not in raw:
            raw += connection.recv(1 << 16)
        assert gate.stopped.wait(10)
        passes = len(backend.batches)
        connection.close()
        eventually(lambda: backend.interrupts)
        gate.open.set()
        eventually(lambda: service.admission.running == 0)
        assert len(backend.batches) == passes


def test_a_disconnect_in_the_queue_leaves_the_queue(config, tokenizer, ask):
    gate = Gate()
    with application(config, tokenizer, gate, limits=Limits(running=1)) as (url, app, _):
        admission = app.state.serving.service.admission
        gate.open.clear()
        first, second = ask(url), ask(url)
        eventually(lambda: (admission.running, admission.waiting) == (1, 1))
        second.close()
        eventually(lambda: admission.waiting == 0)
        first.close()


def test_requests_beyond_the_queue_are_told_when_to_come_again(config, tokenizer, ask):
    gate = Gate()
    with application(config, tokenizer, gate, limits=Limits(running=1, waiting=2)) as (url, app, _):
        admission = app.state.serving.service.admission
        gate.open.clear()
        kept = [ask(url) for _ in range(3)]
        eventually(lambda: admission.waiting == 2)
        refused, headers, _ = answer_on(ask(url))
        assert (refused, int(headers["retry-after"]) >= 1) == (429, True)
        by_openai = answer_on(ask(url, "/v1/completions", {"prompt": "x", "max_tokens": 4}))
        assert by_openai[2]["error"]["code"] == "rate_limit_exceeded"
        gate.open.set()
        assert [status(connection) for connection in kept] == [200] * 3
        assert httpx.post(f"{url}/v1/fill", json=LONG).status_code == 200


def test_another_client_gets_into_a_full_queue(config, tokenizer, ask):
    gate = Gate()
    with application(config, tokenizer, gate, limits=Limits(running=1, waiting=2)) as (url, app, _):
        admission = app.state.serving.service.admission
        gate.open.clear()
        kept = [ask(url) for _ in range(3)]
        eventually(lambda: admission.waiting == 2)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(
                httpx.post,
                f"{url}/v1/fill",
                json=LONG,
                headers={"X-Lacuna-Client": "other"},
                timeout=60,
            )
            assert status(kept[-1]) == 429
            gate.open.set()
            assert other.result().status_code == 200


def test_requests_at_the_same_time_share_passes(config, tokenizer, ask):
    gate = Gate()
    with application(config, tokenizer, gate) as (url, app, backend):
        gate.open.clear()
        connections = [ask(url, body=LONG | {"seed": seed}) for seed in range(6)]
        eventually(lambda: app.state.serving.service.admission.running == 6)
        gate.open.set()
        assert [status(connection) for connection in connections] == [200] * 6
        assert max(batch.input_ids.shape[0] for batch in backend.batches) >= 5


def test_a_deadline_that_passes_in_the_queue_is_told(config, tokenizer, ask):
    gate = Gate()
    with application(config, tokenizer, gate, limits=Limits(running=1)) as (url, _, _):
        gate.open.clear()
        first = ask(url)
        assert gate.entered.wait(10)
        late = httpx.post(f"{url}/v1/fill", json=LONG | {"deadline_ms": 30})
        assert (late.status_code, "deadline" in late.text) == (503, True)
        assert int(late.headers["retry-after"]) >= 1
        first.close()


def test_the_longest_time_of_a_request_is_a_deadline(config, tokenizer):
    slow = Gate()
    with application(config, tokenizer, slow, limits=Limits(request_s=0.001)) as (url, _, _):
        found = httpx.post(f"{url}/v1/fill", json=LONG | {"copies": False}).json()
        assert found["stopped"] == "deadline"


def test_while_the_model_loads_that_is_said_and_health_is_not_ok(config, tokenizer):
    from starlette.testclient import TestClient

    from engine import Engine
    from engine.backends.fake import FakeBackend
    from engine.http.app import create_app

    may_load = threading.Event()

    def load():
        assert may_load.wait(30)
        return Engine.with_backend(config, tokenizer, FakeBackend(Gate().score))

    app = create_app(load)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        health = client.get("/health")
        assert (health.status_code, health.json()["error"]["message"]) == (503, "Loading model")
        assert client.post("/v1/fill", json=LONG).status_code == 503
        may_load.set()
        eventually(lambda: client.get("/health").status_code == 200)


def test_an_engine_that_fails_again_and_again_is_loaded_anew(config, tokenizer):
    from engine import Engine
    from engine.backends.fake import FakeBackend

    loaded = []

    def broken(ids, positions, index):
        raise RuntimeError("a text that must not be logged")

    def load():
        loaded.append(
            Engine.with_backend(config, tokenizer, FakeBackend(Gate().score if loaded else broken))
        )
        return loaded[-1]

    async def scenario():
        from engine.http.app import create_app

        app = create_app(load)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            while (await client.get("/health")).status_code != 200:
                await asyncio.sleep(0.01)
            statuses = [(await client.post("/v1/fill", json=LONG)).status_code for _ in range(3)]
            while (await client.get("/health")).status_code != 200:
                await asyncio.sleep(0.01)
            return [*statuses, (await client.post("/v1/fill", json=LONG)).status_code]

    assert asyncio.run(scenario()) == [500, 500, 500, 200]
    assert len(loaded) == 2


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_stop_lets_running_requests_end_and_leaves_nothing_behind(tmp_path, number):
    text = "def f(a, b):\n" + "    ____\n" * 8
    with lacuna_serve(tmp_path) as (process, url, path), ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(httpx.post, f"{url}/v1/fill", json={"text": text, "n": 2}, timeout=120)
            for _ in range(4)
        ]
        eventually(lambda: running_at(url) == 4)
        process.send_signal(number)
        assert [answer.result().status_code for answer in running] == [200] * 4
        assert process.wait(timeout=60) == 0
        assert not path.exists()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")


@pytest.mark.slow
def test_with_tls_a_stop_lets_requests_over_the_socket_end_too(tmp_path, certificate):
    cert, key = certificate
    text = "def f(a, b):\n" + "    ____\n" * 8
    with (
        lacuna_serve(tmp_path, "--tls-cert", cert, "--tls-key", key, "--drain-s", 300) as (
            process,
            _,
            path,
        ),
        ThreadPoolExecutor(2) as pool,
        httpx.Client(
            transport=httpx.HTTPTransport(uds=str(path)), base_url="http://lacuna", timeout=120
        ) as client,
    ):
        body = {"text": text, "n": 2}
        running = [pool.submit(client.post, "/v1/fill", json=body) for _ in range(2)]
        eventually(lambda: "lacuna_requests_running 2.0" in client.get("/metrics").text)
        process.send_signal(signal.SIGTERM)
        assert [answer.result().status_code for answer in running] == [200] * 2
        assert process.wait(timeout=60) == 0


def test_a_second_stop_does_not_wait(ask, tmp_path):
    with lacuna_serve(tmp_path, "--drain-s", "600") as (process, url, _):
        ask(url, body={"text": "a " * 2000 + "____", "n": 16, "spans": []})
        eventually(lambda: running_at(url) == 1)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)  # much less than it would wait for the request
