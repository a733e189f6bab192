"""The client that the language server uses: answers, errors, cancelling, an engine that goes and
comes back."""

import asyncio
import gc
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from engine import (
    BeforeRequest,
    Engine,
    EngineError,
    EngineUnavailable,
    FillRequest,
    FillResult,
    RequestRejected,
    RewriteRequest,
    Span,
)
from engine.http.client.http_engine import HttpEngine
from engine.http.client.presence import Presence
from engine.http.security.keys import read_keys
from tests.engine.http.servers import POSIX, Gate, application, eventually, lacuna_serve

TEXT = "def area(width, height):\n    return ____\n# \u2028 \x85\n"
REQUEST = FillRequest(
    text=TEXT,
    spans=(Span(start=TEXT.index("____"), end=TEXT.index("____") + 4, tokens=3),),
    language="python",
)
LONG = FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=24),))


@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_answers_are_those_of_an_embedded_engine(served, bundled, over):
    async def scenario():
        client = HttpEngine(served[0] if over == "tcp" else f"unix:{served[1]}")
        await client.load()
        assert client.ready
        drafts = []
        plain = await client.fill(REQUEST, interactive=True)
        shown = await client.fill(REQUEST, interactive=False, on_draft=drafts.append)
        edited = await client.edit(
            RewriteRequest(text="One two three.", start=4, end=7, same_length=True)
        )
        begun = await client.edit(BeforeRequest(text="One two three.", at=0, tokens=4))
        scored = await client.score("One two three.")
        await client.prepare(FillRequest(text=TEXT, spans=REQUEST.spans, session="a/b"))
        client.forget("a/b")
        await asyncio.sleep(0.05)
        await client.close()
        return drafts, plain, shown, edited, begun, scored

    drafts, plain, shown, edited, begun, scored = asyncio.run(scenario())
    with Engine(bundled) as engine:
        expected = engine.fill(REQUEST)
        assert plain.spans == shown.spans == expected.spans
        assert plain.text == expected.text
        assert scored.tokens == engine.score("One two three.").tokens
    assert all(draft.spans[0].start == REQUEST.spans[0].start for draft in drafts)
    assert begun.text.endswith("One two three.")
    assert edited.text.startswith("One ")


def test_errors_are_those_of_an_engine(served):
    async def scenario():
        client = HttpEngine(served[0])
        with pytest.raises(RequestRejected, match="outside the text"):
            await client.fill(
                FillRequest(text="a", spans=(Span(start=5, end=6),)), interactive=True
            )
        with pytest.raises(RequestRejected, match="outside the text"):
            await client.fill(
                FillRequest(text="a", spans=(Span(start=5, end=6),)), True, lambda draft: None
            )
        await client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("drafts", [False, True])
def test_cancelling_a_call_frees_the_engine(config, tokenizer, drafts):
    gate = Gate()

    async def scenario(url, backend):
        client = HttpEngine(url)
        gate.open.clear()
        gate.entered.clear()
        call = asyncio.create_task(
            client.fill(LONG, True, (lambda draft: None) if drafts else None)
        )
        await asyncio.to_thread(gate.entered.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.to_thread(eventually, lambda: backend.interrupts)
        gate.open.set()
        assert (await client.fill(LONG, True)).spans[0].tokens == 24
        await client.close()

    with application(config, tokenizer, gate) as (url, _, backend):
        asyncio.run(scenario(url, backend))


def test_an_engine_that_goes_away_is_told_once_and_comes_back_by_itself(tmp_path):
    told = []

    async def scenario():
        path = tmp_path / "s.sock"
        client = HttpEngine(f"unix:{path}")
        client.on_state = told.append
        for _ in range(2):
            with pytest.raises(EngineUnavailable, match="lacuna serve"):
                await client.load()
        assert not client.ready
        with lacuna_serve(tmp_path):
            while told[-1] is not None:
                await asyncio.sleep(0.05)
            assert client.ready
            await client.fill(REQUEST, True)
        for _ in range(2):
            with pytest.raises(EngineUnavailable):
                await client.fill(REQUEST, True)
        assert not client.ready
        await client.close()

    asyncio.run(scenario())
    assert [type(state) for state in told] == [EngineUnavailable, type(None), EngineUnavailable]


def test_an_engine_that_is_away_is_looked_for_with_growing_patience(monkeypatch):
    waits = []

    async def no_wait(seconds, sleep=asyncio.sleep):
        waits.append(seconds)
        await sleep(0)

    async def scenario():
        looks = iter([*[EngineUnavailable("away")] * 8, False, True])

        async def look():
            found = next(looks)
            if isinstance(found, EngineUnavailable):
                raise found
            return found

        presence, back = Presence(look), asyncio.Event()
        presence.on_state = lambda failure: back.set() if failure is None else None
        monkeypatch.setattr("engine.http.client.presence.asyncio.sleep", no_wait)
        with pytest.raises(EngineUnavailable):
            await presence.wait()
        await back.wait()
        assert presence.there

    asyncio.run(scenario())
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_a_reason_is_told_once_and_another_reason_again():
    told = []

    async def scenario():
        async def look():
            return True

        presence = Presence(look)
        presence.on_state = lambda failure: told.append(failure and str(failure))
        for reason in ("away", "away", "no key"):
            presence.lost(EngineUnavailable(reason))
        await presence.wait()
        presence.lost(EngineUnavailable("away"))
        presence.close()

    asyncio.run(scenario())
    assert told == ["away", "no key", None, "away"]


@contextmanager
def answering(*answers):
    """Somebody else's server, which gives these answers in turn and remembers what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.requestline)
            status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *about):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "answers",
    [
        [(404, b"hello")],
        [(200, b"ok"), (404, b"<html>")],
        [(200, b"{}"), (200, b'{"object":"list","data":[{"id":"m","owned_by":"llamacpp"}]}')],
    ],
)
def test_a_server_that_is_not_ours_is_told_and_gets_no_text(answers):
    async def scenario(url):
        client = HttpEngine(url)
        with pytest.raises(EngineUnavailable, match="is not `lacuna serve`"):
            await client.fill(LONG, True)
        await client.close()

    with answering(*answers) as (url, asked):
        asyncio.run(scenario(url))
    assert asked and all(line.startswith("GET ") for line in asked)


def key_file(folder, *lines, mode=0o600):
    path = folder / "keys"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(mode)
    return path


def test_a_key_is_sent_from_its_file_and_a_wrong_one_is_told_until_it_is_mended(
    config, tokenizer, tmp_path
):
    keys = read_keys(key_file(tmp_path, "anna abcdefghijklmnop1234"))

    async def scenario(url):
        without = HttpEngine(url)
        with pytest.raises(EngineUnavailable, match=r"asks for a key.*engine\.keyFile"):
            await without.load()
        await without.close()
        path = key_file(tmp_path, "# mine", "wrongwrongwrongwrong")
        client = HttpEngine(url, path)
        told = []
        client.on_state = told.append
        with pytest.raises(EngineUnavailable, match="does not know the key") as raised:
            await client.load()
        assert "wrongwrong" not in str(raised.value)
        key_file(tmp_path, "anna abcdefghijklmnop1234")
        while told[-1] is not None:
            await asyncio.sleep(0.02)
        assert (await client.fill(LONG, True)).spans
        await client.close()

    with application(config, tokenizer, keys=keys) as (url, _, _):
        asyncio.run(scenario(url))


@pytest.mark.skipif(not POSIX, reason="modes of files")
@pytest.mark.parametrize(
    ("lines", "mode", "reason"),
    [
        (["abcdefghijklmnop1234"], 0o644, "chmod 600"),
        (["# nothing"], 0o600, "holds no key"),
        (["one two three"], 0o600, "holds no key"),
        (["name k\u00e9y"], 0o600, "holds no key"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_told(tmp_path, lines, mode, reason):
    async def scenario():
        client = HttpEngine(f"unix:{tmp_path}/s.sock", key_file(tmp_path, *lines, mode=mode))
        with pytest.raises(EngineUnavailable, match=reason):
            await client.load()
        await client.close()

    asyncio.run(scenario())


def test_half_a_surrogate_pair_goes_over_the_wire_and_the_text_stays_as_it_is(served, bundled):
    text = "a \ud800 = "
    request = FillRequest(text=text, spans=(Span(start=len(text), end=len(text), tokens=2),))

    async def scenario():
        client = HttpEngine(f"unix:{served[1]}")
        found = await client.fill(request, True)
        await client.close()
        return found

    found = asyncio.run(scenario())
    with Engine(bundled) as engine:
        assert found.spans == engine.fill(request).spans
    assert found.text.startswith(text)


def test_the_words_and_the_name_of_the_model_are_known(served, bundled):
    async def scenario():
        client = HttpEngine(f"unix:{served[1]}")
        assert client.about() == {}
        texts = await client.token_texts()
        about = client.about()
        await client.close()
        return texts, about

    texts, about = asyncio.run(scenario())
    with Engine(bundled) as engine:
        assert texts == engine.tokenizer.token_texts()
    assert about == {
        "model": "lacuna-mini",
        "backend": "onnx",
        "engine_url": f"unix:{served[1]}",
    }


def test_a_path_of_the_address_is_kept_for_a_proxy():
    with answering((404, b"")) as (url, asked):

        async def scenario():
            client = HttpEngine(f"{url}/team/")
            with pytest.raises(EngineUnavailable):
                await client.load()
            await client.close()

        asyncio.run(scenario())
    assert asked[0] == "GET /team/health HTTP/1.1"


def test_a_certificate_that_is_trusted_is_taken_and_any_other_told(
    tmp_path, certificate, monkeypatch
):
    cert, key = certificate

    async def filled(url):
        client = HttpEngine(url)
        try:
            return await client.fill(REQUEST, True)
        finally:
            await client.close()

    with lacuna_serve(tmp_path, "--tls-cert", cert, "--tls-key", key) as (_, url, _):
        with pytest.raises(EngineUnavailable, match="does not trust its certificate"):
            asyncio.run(filled(url))
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert asyncio.run(filled(url)).spans
    gc.collect()  # a connection that is left open is told here and not in another test


def test_a_server_that_does_not_say_how_it_is_is_away(monkeypatch):
    monkeypatch.setattr("engine.http.client.http_engine.LOOK_S", 0.5)

    async def scenario():
        gone = asyncio.Event()

        async def silent(reader, writer):
            try:
                await reader.read()
            finally:
                writer.close()
                await writer.wait_closed()
                gone.set()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            client = HttpEngine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            with pytest.raises(EngineUnavailable, match="No engine answers"):
                await client.load()
            await client.close()
            await gone.wait()

    asyncio.run(scenario())


def test_what_a_proxy_says_of_a_dead_engine_is_asked_once_more():
    """An engine's own error is an answer, a proxy's is none."""
    result = msgspec.json.encode(
        FillResult(text="x = 1", spans=(), nfe=1, ms=1.0, model="m", backend="b")
    )
    models = b'{"data":[{"id":"m","owned_by":"lacuna","meta":{"backend":"b"}}]}'
    ready = [(200, b"{}"), (200, models)]
    ours = b'{"error":{"code":500,"type":"server_error","message":"The engine failed."}}'

    async def filled(url):
        client = HttpEngine(url)
        try:
            return await client.fill(LONG, True)
        finally:
            await client.close()

    with answering(*ready, (500, b"Internal Server Error"), (200, result)) as (url, asked):
        assert asyncio.run(filled(url)).model == "m"
    assert len(asked) == 4
    for answers in ([(502, b"gone"), (503, b"none")], [(500, ours)]):
        with answering(*ready, *answers) as (url, asked):
            with pytest.raises(EngineError):
                asyncio.run(filled(url))
        assert len([line for line in asked if line.startswith("POST")]) == len(answers)
