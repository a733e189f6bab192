"""The embedded engine: cancelling a call frees the engine and hurts nobody else."""

import asyncio
import threading

import numpy as np
import pytest

from engine import Engine, EngineError, FillRequest, Span
from engine.backends.fake import FakeBackend
from lsp_server.engine_client.embedded import EmbeddedEngine

REQUEST = FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=16),))


def embed(monkeypatch, make):
    """Embedded engines are what ``make`` returns."""
    monkeypatch.setattr(
        "lsp_server.engine_client.embedded.Engine", lambda model, backend, threads: make()
    )


def test_a_cancelled_call_frees_the_engine_within_a_step_and_the_next_call_is_served(
    config, tokenizer, monkeypatch
):
    gate, entered = threading.Event(), threading.Event()

    def score(ids, positions, index):
        entered.set()
        assert gate.wait(timeout=10)
        return np.arange(512.0) / 512

    async def scenario():
        client, backend = EmbeddedEngine(None, "auto"), FakeBackend(score)
        embed(monkeypatch, lambda: Engine.with_backend(config, tokenizer, backend))
        call = asyncio.create_task(client.fill(REQUEST, interactive=True))
        await asyncio.to_thread(entered.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        gate.set()
        result = await asyncio.wait_for(client.fill(REQUEST, interactive=True), timeout=10)
        assert result.spans[0].tokens == 16
        # The cancelled request finished the pass it was in and asked for no other.
        assert len(backend.batches) == 1 + result.nfe
        await client.close()

    asyncio.run(scenario())


def test_a_failed_engine_is_told_once_and_started_again_with_growing_patience(monkeypatch):
    from concurrent.futures import Future

    from engine import RequestRejected
    from engine.service.batcher import Job

    made, waits, told = [], [], []

    class Fragile:
        """Fails until the third engine."""

        def __init__(self, model, backend, threads=None):
            made.append(self)
            self.number = len(made)

        def submit_fill(self, request, on_draft, priority):
            job = Job(iter(()), priority, Future())
            if not request.text:
                job.future.set_exception(RequestRejected("nothing to fill"))
            elif self.number < 3:
                job.future.set_exception(EngineError("the runtime broke"))
            else:
                job.future.set_result("filled")
            return job

        def close(self):
            pass

    async def no_wait(seconds, sleep=asyncio.sleep):
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr("lsp_server.engine_client.embedded.Engine", Fragile)
    monkeypatch.setattr("lsp_server.engine_client.embedded.asyncio.sleep", no_wait)
    request = FillRequest(text="a ", spans=(Span(start=2, end=2),))

    async def run():
        client = EmbeddedEngine(None, "fake")
        client.on_state = told.append
        with pytest.raises(RequestRejected):
            await client.fill(FillRequest(text="", spans=request.spans), True)
        assert len(made) == 1 and not told, "a refused request is not a failure"
        for count in (1, 2):
            failed = await asyncio.gather(
                *[client.fill(request, True) for _ in range(3)], return_exceptions=True
            )
            assert all(isinstance(exc, EngineError) for exc in failed) and not client.ready
            await client.load()
            assert len(made) == count + 1
        assert await client.fill(request, True) == "filled"

    asyncio.run(run())
    assert waits == [1.0, 2.0] and [type(state) for state in told] == [EngineError, type(None)] * 2


def test_another_number_of_threads_is_another_engine_and_the_old_one_answers_until_then(
    monkeypatch,
):
    made = []

    class Counted:
        def __init__(self, model, backend, threads=None):
            self.threads, self.closed = threads, False
            made.append(self)

        def close(self):
            self.closed = True

    monkeypatch.setattr("lsp_server.engine_client.embedded.Engine", Counted)

    async def run():
        client = EmbeddedEngine(None, "fake", threads=2)
        await client.load()
        client.use_threads(2)
        assert client.ready and [engine.threads for engine in made] == [2]
        client.use_threads(1)
        assert client.ready
        await client.load()
        assert [(engine.threads, engine.closed) for engine in made] == [(2, True), (1, False)]

    asyncio.run(run())


def test_a_fault_in_the_engine_fails_one_request_and_says_no_text(config, tokenizer, monkeypatch):
    def score(ids, positions, index):
        raise MemoryError("the user's text")

    async def run():
        client = EmbeddedEngine(None, "fake")
        embed(monkeypatch, lambda: Engine.with_backend(config, tokenizer, FakeBackend(score)))
        with pytest.raises(EngineError, match="MemoryError") as told:
            await client.fill(REQUEST, interactive=True)
        assert "text" not in str(told.value)
        await client.close()

    asyncio.run(run())
