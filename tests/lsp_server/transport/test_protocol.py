"""What we ask of a client."""

import asyncio

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.server import make_server
from lsp_server.transport import protocol
from tests.lsp_server.scripted_server import ScriptedEngine


class Unread:
    """A client that takes everything and says nothing."""

    def write(self, data):
        return

    def close(self):
        return


def test_what_a_client_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(protocol, "ANSWER_S", 0.01)

    async def ask():
        server = make_server(ScriptedEngine([]))
        server.protocol.set_writer(Unread())
        asked = server.protocol.send_request(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams([])
        )
        await asyncio.wait_for(asyncio.wrap_future(asked), 10)

    with pytest.raises(JsonRpcException, match="no answer"):
        asyncio.run(ask())
