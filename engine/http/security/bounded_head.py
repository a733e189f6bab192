"""uvicorn's protocol on httptools, with bounds on all but bodies: heads, trailers, the framing of
chunks, what is sent on after the answer, and how long a client may take over them or over reading.
Bodies have their own bounds (``contracts/bodies.py``)."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 32 << 10
"""Of a request's line and headers together."""
UNREAD_BYTES = 8 << 20
"""Of a body that goes on after the answer, so that a client that reads late still gets to read
why it was refused."""
RECEIVE_S = 20.0
"""A head, or what is left of a body that is answered already, is not waited for any longer."""
STALL_S = 30.0
"""A client that reads nothing of its answer for so long is cut off."""


class BoundedHead(HttpToolsProtocol):
    """The parser in C takes a third of the time of one in Python, and bounds nothing by itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_ended = False
        self._within_request = False
        self._body = self._other = self._unread = 0
        """Bytes of the request that is being read."""
        self._receiving: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._received()
        self._unstall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._other += len(data)
        super().data_received(data)
        # Chunks may bring as much framing as text; no client of ours sends so small ones.
        if self._other > HEAD_BYTES + self._body and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        self._within_request = True
        self._expect()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_ended = True
        self._received()
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > HEAD_BYTES:
            raise ValueError("too long a head")  # httptools makes a parser's error of it: 400
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_ended:  # trailers say nothing to us
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._other -= len(body)
        self._body += len(body)
        super().on_body(body)
        if self.cycle.response_complete:
            self._unread += len(body)
            if self._unread > UNREAD_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head_ended = self._within_request = False
        self._body = self._other = self._unread = 0
        self._received()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._within_request and self.cycle.response_complete:
            self._expect()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._unstall()
        super().resume_writing()

    def _expect(self) -> None:
        """Something has to arrive whole by then."""
        if self._receiving is None:
            self._receiving = self.loop.call_later(RECEIVE_S, self._too_slow)

    def _received(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _too_slow(self) -> None:
        self._receiving = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect()  # the head of a next request may wait while this one is answered
        else:
            self.transport.close()

    def _watch(self, unsent: int) -> None:
        self._unstall()
        self._stalled = self.loop.call_later(STALL_S, self._progress, unsent)

    def _progress(self, before: int) -> None:
        """Nothing is written while the client is behind, so what is unsent can only become less."""
        unsent = self.transport.get_write_buffer_size()
        if unsent < before:
            self._watch(unsent)
        else:
            self.transport.abort()

    def _unstall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
