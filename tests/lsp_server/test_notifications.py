"""What an editor says without wanting an answer leaves nothing behind."""

import asyncio
import gc

from lsprotocol import types

from lsp_server.server import make_server
from tests.lsp_server.scripted_server import ScriptedEngine

SAID = [
    types.DidSaveTextDocumentNotification(
        types.DidSaveTextDocumentParams(types.TextDocumentIdentifier("file:///a/lacuna.toml"))
    ),
    types.DidChangeConfigurationNotification(types.DidChangeConfigurationParams(None)),
    types.DidChangeWatchedFilesNotification(types.DidChangeWatchedFilesParams([])),
]


def finished():
    """Finished tasks of our own that somebody holds."""
    gc.collect()
    tasks = [one for one in gc.get_objects() if type(one) is asyncio.Task and one.done()]
    return sum("lsp_server" in task.get_coro().cr_code.co_filename for task in tasks)


def test_handlers_of_notifications_are_forgotten_when_they_are_done():
    async def talk():
        server = make_server(ScriptedEngine(["x"]))
        counts = []
        for _ in range(3):
            for message in SAID * 20:
                server.protocol.handle_message(message)
                await asyncio.sleep(0)
            await asyncio.sleep(0.1)
            counts.append(finished())
        return counts

    counts = asyncio.run(talk())
    assert counts[-1] <= counts[0] + 3
