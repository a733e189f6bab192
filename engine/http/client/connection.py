"""HTTP/1.1 over a Unix socket or TCP for one caller: kept connections, and little time spent (h11
reads and writes it)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import h11

from engine.http.client.address import UNIX, socket_path

READ_BYTES = 64 << 10
CONNECT_S = 2.0
LARGEST_EVENT = 1 << 20


class ConnectionLost(Exception):
    """Nobody listens, or the connection broke; or the reason why there can be none."""


@dataclass
class HttpResponse:
    """Status and body of a response; the body is read by iterating ``chunks``."""

    status: int
    chunks: AsyncGenerator[bytes, None]

    async def read(self) -> bytes:
        async with aclosing(self.chunks):
            return b"".join([chunk async for chunk in self.chunks])


@dataclass
class _Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection = field(
        default_factory=lambda: h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_EVENT)
    )
    used: bool = False

    async def next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            data = await self.reader.read(READ_BYTES)
            if not data and self.http.their_state is h11.SEND_RESPONSE:
                raise ConnectionLost
            self.http.receive_data(data)

    def drop(self) -> None:
        """Close it at once: TLS would wait for the other side, and a loop may end before."""
        self.writer.transport.abort()


class Connections:
    """Connections to one address; those that are idle are used again."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """``url``: ``http(s)://HOST:PORT``, perhaps with a path that a proxy serves it under, or
        ``unix:/path``."""
        self._path = socket_path(url) if url.startswith(UNIX) else None
        self._parts = urlsplit(url)
        self._prefix = "" if self._path is not None else self._parts.path.rstrip("/")
        host = "lacuna" if self._path is not None else self._parts.netloc
        self.headers = {"Host": host, **headers}
        """Of every request."""
        self._idle: list[_Wire] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> HttpResponse:
        """Send a request; ``ConnectionLost`` when there is no answer. A caller that is cancelled
        closes the connection."""
        while True:
            wire = await self._wire()
            try:
                return await self._ask(wire, method, path, body)
            except ConnectionLost:
                wire.drop()
                if (
                    not wire.used
                ):  # an idle connection may have been closed meanwhile: another is tried
                    raise
            except (OSError, h11.RemoteProtocolError) as exc:
                wire.drop()
                if not wire.used:
                    raise ConnectionLost from exc
            except BaseException:
                wire.drop()
                raise

    def close(self) -> None:
        """Close what is idle; connections in use are closed by their callers."""
        for wire in self._idle:
            wire.drop()
        self._idle.clear()

    async def _wire(self) -> _Wire:
        while self._idle:
            wire = self._idle.pop()
            if not wire.reader.at_eof() and not wire.writer.is_closing():
                return wire
            wire.drop()
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._path is not None:
                    return _Wire(*await asyncio.open_unix_connection(self._path))
                secure = self._parts.scheme == "https"
                port = self._parts.port or (443 if secure else 80)
                trust = self._trust if secure else None
                return _Wire(*await asyncio.open_connection(self._parts.hostname, port, ssl=trust))
        except ssl.SSLCertVerificationError as exc:
            raise ConnectionLost("this machine does not trust its certificate") from exc
        except (OSError, TimeoutError) as exc:
            raise ConnectionLost from exc

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Whose certificates are believed; reading them takes longer than an answer."""
        return ssl.create_default_context()

    async def _ask(self, wire: _Wire, method: str, path: str, body: bytes) -> HttpResponse:
        length = ("Content-Length", str(len(body)))
        head = wire.http.send(
            h11.Request(
                method=method,
                target=self._prefix + path,
                headers=[*self.headers.items(), length],
            )
        )
        parts = [
            head,
            wire.http.send(h11.Data(data=body)) if body else b"",
            wire.http.send(h11.EndOfMessage()),
        ]
        wire.writer.write(b"".join(part or b"" for part in parts))
        await wire.writer.drain()
        event = await wire.next_event()
        while isinstance(event, h11.InformationalResponse):
            event = await wire.next_event()
        if not isinstance(event, h11.Response):
            raise ConnectionLost
        return HttpResponse(event.status_code, self._chunks(wire))

    async def _chunks(self, wire: _Wire) -> AsyncGenerator[bytes, None]:
        """The body; what is not read to its end closes the connection, which cancels the
        request."""
        whole = False
        try:
            while not whole:
                event = await wire.next_event()
                if isinstance(event, h11.Data):
                    yield bytes(event.data)
                else:
                    whole = isinstance(event, h11.EndOfMessage)
                    if not whole:
                        raise ConnectionLost
        except (OSError, h11.RemoteProtocolError) as exc:
            raise ConnectionLost from exc
        finally:
            if whole and wire.http.our_state is h11.DONE and wire.http.their_state is h11.DONE:
                wire.http.start_next_cycle()
                wire.used = True
                self._idle.append(wire)
            else:
                wire.drop()
