"""The embedded engine: cancelling a call frees the engine and hurts nobody else."""

import asyncio
import threading

import numpy as np
import pytest

from engine import Engine, FillRequest, Span
from engine.backends.fake_backend import FakeBackend
from lsp_server.engine_client import EmbeddedEngine

REQUEST = FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=16),))


def test_a_cancelled_call_frees_the_engine_within_a_step_and_the_next_call_is_served(config, tokenizer):
    gate, entered = threading.Event(), threading.Event()

    def score(ids, positions, index):
        entered.set()
        assert gate.wait(timeout=10)
        return np.arange(512.0) / 512

    async def scenario():
        client = EmbeddedEngine(None, "auto")
        backend = FakeBackend(score)
        client._engine = Engine.with_backend(config, tokenizer, backend)
        client._loading = asyncio.ensure_future(asyncio.sleep(0))
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
        client.close()

    asyncio.run(scenario())
