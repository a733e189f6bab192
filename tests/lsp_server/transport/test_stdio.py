"""Standard input is read in a thread of its own."""

import asyncio
import os
import threading

from lsp_server.transport.stdio import read_input


def test_the_end_of_input_is_noticed_while_the_loop_is_busy():
    reading, writing = os.pipe()
    os.write(writing, b"a message")
    ended, noticed = threading.Event(), []

    async def feed(chunk):
        os.close(writing)
        noticed.append(ended.wait(10))  # the loop does nothing else meanwhile

    asyncio.run(read_input(reading, feed, ended.set))
    os.close(reading)
    assert noticed == [True]
