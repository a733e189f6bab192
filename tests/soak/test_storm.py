"""Requests faster than any can be answered, against the real server: `make soak` sends 10,000,
`make test` a few hundred."""

import os
import random

import pytest

from benchmarks.machine import resident_mb
from tests.lsp_server.client import NEOVIM, Client

REQUESTS = int(os.environ.get("LACUNA_STORM", "400"))
URI = "file:///storm/shop.py"
TEXT = "total = compute(width, height)\n" * 40
KINDS = (
    "textDocument/inlineCompletion",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/diagnostic",
)


def ask(client, kind, line):
    here = {"textDocument": {"uri": URI}}
    at = {"line": line, "character": 10}
    more = {
        KINDS[0]: {"position": at, "context": {"triggerKind": 2}},
        KINDS[1]: {"range": {"start": at, "end": at}, "context": {"diagnostics": []}},
    }
    return client.start(kind, here | more.get(kind, {}))


@pytest.mark.slow
def test_every_request_of_a_storm_is_answered_once_and_memory_stays_flat():
    rng = random.Random(0)
    client = Client(NEOVIM)
    client.open(URI, TEXT)
    client.wait_until_ready()
    version, text_length, memory, waiting = 1, 30, [], []
    for _ in range(REQUESTS):
        version += 1
        line = rng.randrange(40)
        typed = rng.choice(["x", "____ ", "\n", "é", "😀"]) if text_length < 400 else ""
        end = {"line": line, "character": 0 if typed else 1}
        text_length += len(typed) - (not typed)
        client.change(
            URI,
            version,
            {"range": {"start": {"line": line, "character": 0}, "end": end}, "text": typed},
        )
        waiting.append(ask(client, rng.choice(KINDS), line))
        if rng.random() < 0.3:
            client.notify("$/cancelRequest", {"id": rng.choice(waiting)})
        if len(waiting) > 50:
            for identifier in waiting:
                answer = client.wait(identifier, timeout=60)
                assert "result" in answer or answer["error"]["code"] in (-32800, -32802), answer
            waiting = []
            memory.append(resident_mb(client.process.pid))
    for identifier in waiting:
        client.wait(identifier, timeout=60)
    assert len(client.replies) == REQUESTS + 1 and set(client.replies.values()) == {1}
    settled = memory[len(memory) // 4 :] or memory
    assert max(settled) - settled[0] < 40, f"memory grew: {settled[0]} -> {max(settled)} MB"
    assert client.complete(URI, 3, 10)["result"] is not None
    assert client.close() == 0
