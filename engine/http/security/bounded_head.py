"""uvicorn's protocol on httptools, with a bound on everything but bodies: heads, trailers, the
framing of chunks. Bodies have their own bound (``contracts/bodies.py``)."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 32 << 10
"""Of a request's line and headers together."""


class BoundedHead(HttpToolsProtocol):
    """The parser in C takes a third of the time of one in Python, and bounds nothing by itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_ended = False
        self._body = self._other = 0
        """Bytes of the request that is being read."""

    def data_received(self, data: bytes) -> None:
        self._other += len(data)
        super().data_received(data)
        # Chunks may bring as much framing as text; no client of ours sends so small ones.
        if self._other > HEAD_BYTES + self._body and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")

    def on_headers_complete(self) -> None:
        self._head_ended = True
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

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head_ended = False
        self._body = self._other = 0
