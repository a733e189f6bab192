"""The client that the language server uses: answers, errors, cancelling, an engine that goes and
comes back."""

import asyncio

import pytest

from engine import (
    BeforeRequest,
    Engine,
    EngineUnavailable,
    FillRequest,
    RequestRejected,
    RewriteRequest,
    Span,
)
from engine.http.client import HttpEngine
from tests.engine.http.servers import Gate, application, eventually, lacuna_serve

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
        client.close()
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
        client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("drafts", [False, True])
def test_cancelling_a_call_frees_the_engine(config, tokenizer, drafts):
    gate = Gate()

    async def scenario(url, app):
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
        service = app.state.serving.service
        await asyncio.to_thread(
            eventually, lambda: any(job.cancelled for job in service.engine._batcher._jobs)
        )
        gate.open.set()
        assert (await client.fill(LONG, True)).spans[0].tokens == 24
        client.close()

    with application(config, tokenizer, gate) as (url, app, _):
        asyncio.run(scenario(url, app))


def test_an_engine_that_goes_away_is_told_once_and_comes_back_by_itself(tmp_path):
    told = []

    async def scenario():
        path = tmp_path / "s.sock"
        client = HttpEngine(f"unix:{path}")
        client.on_state = told.append
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
        client.close()

    asyncio.run(scenario())
    assert [type(state) for state in told] == [EngineUnavailable, type(None), EngineUnavailable]


def test_another_server_at_the_address_is_told_as_such(tmp_path):
    async def scenario():
        async def nonsense(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello")
            writer.close()

        server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
        async with server:
            client = HttpEngine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            with pytest.raises(RequestRejected, match="status 404"):
                await client.fill(LONG, True)
            client.close()
            await asyncio.sleep(0)

    asyncio.run(scenario())
