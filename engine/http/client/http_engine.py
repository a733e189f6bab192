"""The engine of another process, over its Unix socket or URL: what `lsp_server` uses instead of an
embedded one.

Cancelling a call closes its connection, which takes the request out of the engine within one step.
An engine that is away is told once, looked for with growing patience, and told again when it is
there.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from engine.base.errors import EngineError, EngineUnavailable, RequestRejected
from engine.http.client.connection import ConnectionLost, Connections
from engine.infill.edits.rewrite import RewriteRequest
from engine.infill.edits.write_before import BeforeRequest
from engine.llada.surprisal import ScoreResult
from engine.request.messages import Draft, FillRequest, FillResult

T = TypeVar("T")
FIRST_WAIT_S, MAX_WAIT_S = 0.25, 10.0
"""Between two looks for an engine that is away: doubled each time."""
LONGEST_ANSWER_S = 120.0


class HttpEngine:
    """Has the methods of `lsp_server.engine_client.EngineClient`; use it within one event loop."""

    def __init__(self, url: str, key: str | None = None) -> None:
        """``url``: ``http://HOST:PORT`` or ``unix:/path``; ``key`` where the server asks for
        one."""
        self._url = url
        # Every process is a client of its own: fairness and sessions go by this name.
        headers = {
            "X-Lacuna-Client": f"{os.getpid()}-{secrets.token_hex(4)}",
            "Content-Type": "application/json",
        }
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._connections = Connections(url, headers)
        self._there = False
        self._looking: asyncio.Task[None] | None = None
        self._kept: set[asyncio.Task[Any]] = set()
        self.on_state: Callable[[EngineError | None], None] | None = None
        """Told when the engine goes away, and with ``None`` when it is there again."""

    @property
    def ready(self) -> bool:
        return self._there

    async def load(self) -> None:
        """Return when the engine answers; ``EngineUnavailable`` when nobody listens, and it is
        looked for from then on."""
        wait_s = FIRST_WAIT_S
        while not await self._answers():
            if self._looking is not None and not self._looking.done():
                raise self._away()
            await asyncio.sleep(wait_s)  # somebody listens, the model is being loaded
            wait_s = min(MAX_WAIT_S, 2 * wait_s)

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        body = msgspec.structs.asdict(request) | {
            "interactive": interactive,
            "stream": on_draft is not None,
        }
        if on_draft is None:
            return await self._post("/v1/fill", body, FillResult)
        result: FillResult | None = None
        async with self._translated():
            answer = await self._connections.ask("POST", "/v1/fill", msgspec.json.encode(body))
            if answer.status != 200:
                raise _error(answer.status, await answer.read())
            async with aclosing(answer.chunks) as chunks:
                async for name, data in _events(chunks):
                    if name == "draft":
                        on_draft(msgspec.json.decode(data, type=Draft))
                    elif name == "result":
                        result = msgspec.json.decode(data, type=FillResult)
                    elif name == "error":
                        raise _error(500, data)
            if result is not None:
                return result
        raise EngineUnavailable("The engine ended in the middle of an answer; ask again.")

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        path = "/v1/rewrite" if isinstance(request, RewriteRequest) else "/v1/before"
        return await self._post(path, msgspec.structs.asdict(request), FillResult)

    async def score(self, text: str) -> ScoreResult:
        return await self._post("/v1/score", {"text": text}, ScoreResult)

    async def prepare(self, request: FillRequest) -> None:
        if self._there:
            await self._post("/v1/prepare", msgspec.structs.asdict(request), Any)

    def forget(self, session: str) -> None:
        if self._there:
            self._in_background(self._forget(session))

    def close(self) -> None:
        """Stop looking and drop the connections; calls that run are ended by their callers."""
        self._there = False
        if self._looking is not None:
            self._looking.cancel()
        self._connections.close()

    async def _forget(self, session: str) -> None:
        with suppress(EngineError):
            async with self._translated():
                await (
                    await self._connections.ask("DELETE", f"/v1/sessions/{quote(session, safe='')}")
                ).read()

    async def _post(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        async with self._translated():
            answer = await self._connections.ask("POST", path, msgspec.json.encode(body))
            raw = await answer.read()
        if answer.status != 200:
            raise _error(answer.status, raw)
        return msgspec.json.decode(raw, type=kind)

    async def _answers(self) -> bool:
        """True when a fill would start at once."""
        try:
            answer = await self._connections.ask("GET", "/health")
            raw = await answer.read()
        except ConnectionLost:
            self._lost()
            return False
        if answer.status == 200:
            self._there = True
            return True
        if answer.status in (401, 403):
            raise _error(answer.status, raw)
        return False

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(LONGEST_ANSWER_S):
                yield
        except TimeoutError as exc:
            raise EngineUnavailable("The engine did not answer in time; ask again.") from exc
        except ConnectionLost as exc:
            self._lost()
            raise self._away() from exc
        else:
            self._there = True

    def _away(self) -> EngineUnavailable:
        return EngineUnavailable(f"No engine answers at {self._url}; start it with `lacuna serve`.")

    def _lost(self) -> None:
        """The engine is away: told once, and looked for until it is there again."""
        told = self._looking is not None and not self._looking.done()
        self._there = False
        if told:
            return
        self._looking = asyncio.create_task(self._look())
        if self.on_state is not None:
            self.on_state(self._away())

    async def _look(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_WAIT_S, 2 * wait_s)
            with suppress(EngineError):
                if await self._answers():
                    break
        if self.on_state is not None:
            self.on_state(None)

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)


def _error(status: int, raw: bytes) -> EngineError:
    """The server's sentence as the error that an embedded engine would raise."""
    try:
        found = msgspec.json.decode(raw)["error"]
        sentence, status = (
            str(found["message"]),
            int(found["code"]) if str(found.get("code", "")).isdecimal() else status,
        )
    except (msgspec.DecodeError, KeyError, TypeError):
        sentence = (
            f"The engine answered with status {status}; is this address that of `lacuna serve`?"
        )
    if status in (429, 503):
        return EngineUnavailable(sentence)
    return RequestRejected(sentence) if status < 500 else EngineError(sentence)


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    """Server-sent events by name; split at line ends alone, since a text may hold other separators
    of lines."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        for one in whole:
            fields = dict(
                line.split(b": ", 1)
                for line in one.split(b"\n")
                if b": " in line and not line.startswith(b":")
            )
            yield fields.get(b"event", b"").decode(), fields.get(b"data", b"")
