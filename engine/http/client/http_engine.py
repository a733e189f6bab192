"""The engine of another process, over its Unix socket or URL: what `lsp_server` uses instead of an
embedded one.

Cancelling a call closes its connection, which takes the request out of the engine within one step.
An engine that is away is told once, looked for with growing patience, and told again when it is
there (``presence.py``).
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from engine.base.errors import EngineError, EngineUnavailable
from engine.http.client.address import check_url
from engine.http.client.answers import error_of, events, is_a_proxys, sendable, sentence_of
from engine.http.client.connection import ConnectionLost, Connections, HttpResponse
from engine.http.client.key_file import read_client_key
from engine.http.client.presence import Presence, in_background
from engine.http.settings import SettingsError
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, EditRequest, FillRequest, FillResult, apply_spans
from engine.request.scores import ScoreResult

T = TypeVar("T")
LOOK_S = 5.0
"""Whoever does not say within it how he is, is away."""
RETRY_AFTER_S = 0.1
"""For a proxy to learn that an engine is gone."""
LONGEST_ANSWER_S, GRACE_S = 120.0, 10.0
"""For an answer; and beyond the deadline of a request that has one."""


class HttpEngine:
    """The calls of an engine, as coroutines; use it within one event loop."""

    def __init__(self, url: str, key_file: Path | None = None) -> None:
        """``url`` as in ``EngineAddress``; ``key_file`` is read whenever the engine is looked for.
        ``ValueError`` for an address that is none."""
        check_url(url)
        self._url, self._key_file = url, key_file
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        """Every process is a client of its own: fairness and sessions go by this name."""
        headers = {"X-Lacuna-Client": self.name, "Content-Type": "application/json"}
        self._connections = Connections(url, headers)
        self._presence = Presence(self._look)
        self._about: dict[str, str] = {}
        self._kept: set[asyncio.Task[Any]] = set()

    @property
    def on_state(self) -> Callable[[EngineError | None], None] | None:
        """Told why the engine is away, and ``None`` when it is there again."""
        return self._presence.on_state

    @on_state.setter
    def on_state(self, told: Callable[[EngineError | None], None] | None) -> None:
        self._presence.on_state = told

    @property
    def ready(self) -> bool:
        """True when a fill would start at once, as far as is known."""
        return self._presence.there

    async def load(self) -> None:
        """Return when the engine can be used; ``EngineUnavailable`` when it is away, and it is
        looked for from then on."""
        await self._presence.wait()

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        """Fill; ``on_draft`` is called in the event loop after every step."""
        body = msgspec.structs.asdict(request) | {
            "interactive": interactive,
            "stream": on_draft is not None,
        }
        if on_draft is None:
            return _applied(
                request, await self._post("/v1/fill", body, FillResult, request.deadline_ms)
            )
        await self._presence.wait()
        async with self._translated(request.deadline_ms):
            answer = await self._asked("POST", "/v1/fill", sendable(body))
            async with aclosing(answer.chunks) as chunks:
                async for name, data in events(chunks):
                    if name == "draft":
                        on_draft(msgspec.json.decode(data, type=Draft))
                    elif name == "result":
                        return _applied(request, msgspec.json.decode(data, type=FillResult))
                    elif name == "error":
                        raise self._refused(500, data)
        raise EngineUnavailable("The engine ended in the middle of an answer; ask again.")

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        """Rewrite a selection, or write what precedes a text."""
        path = "/v1/rewrite" if isinstance(request, RewriteRequest) else "/v1/before"
        body = msgspec.structs.asdict(request)
        return _applied(request, await self._post(path, body, FillResult, request.deadline_ms))

    async def score(self, text: str) -> ScoreResult:
        """The surprise of every token."""
        return await self._post("/v1/score", {"text": text}, ScoreResult)

    async def prepare(self, request: FillRequest) -> None:
        """Encode a session's context ahead, where the engine is there."""
        if self.ready:
            await self._post("/v1/prepare", msgspec.structs.asdict(request), Any)

    async def token_texts(self) -> list[str]:
        """The texts of the model's tokens."""
        await self._presence.wait()
        async with self._translated():
            raw = await (await self._asked("GET", "/v1/tokens")).read()
        return msgspec.json.decode(raw, type=dict[str, list[str]])["tokens"]

    def about(self) -> dict[str, str]:
        """``model`` and ``backend`` by name, and ``engine_url``; empty before it was there."""
        return dict(self._about)

    def forget(self, session: str) -> None:
        """Keep nothing of a document that was closed."""
        if self.ready:
            in_background(self._kept, self._forget(session))

    async def close(self) -> None:
        """Stop looking and drop the connections; calls that run are ended by their callers."""
        self._presence.close()
        for task in self._kept:
            task.cancel()
        self._connections.close()

    async def _forget(self, session: str) -> None:
        with suppress(EngineError):
            async with self._translated():
                path = f"/v1/sessions/{quote(session, safe='', errors='replace')}"
                await (await self._connections.ask("DELETE", path)).read()

    async def _post(
        self, path: str, body: dict[str, Any], kind: type[T], deadline_ms: float | None = None
    ) -> T:
        await self._presence.wait()
        async with self._translated(deadline_ms):
            raw = await (await self._asked("POST", path, sendable(body))).read()
        return msgspec.json.decode(raw, type=kind)

    async def _asked(self, method: str, path: str, body: bytes = b"") -> HttpResponse:
        """An answer of status 200, or the error that any other one is. Where a proxy says that the
        engine behind it is gone, another one is asked: no call changes anything."""
        for tries_left in (1, 0):
            answer = await self._connections.ask(method, path, body)
            if answer.status == HTTPStatus.OK:
                return answer
            raw = await answer.read()
            if not (tries_left and is_a_proxys(answer.status, raw)):
                raise self._refused(answer.status, raw)
            await asyncio.sleep(RETRY_AFTER_S)
        raise AssertionError("the last try returns or raises")

    async def _look(self) -> bool:
        """True when a request would be served at once, false while the model is loaded;
        ``EngineUnavailable`` for whoever cannot be used. Sends no text."""
        try:
            if self._key_file is not None:
                key = read_client_key(self._key_file)
                self._connections.headers["Authorization"] = f"Bearer {key}"
            async with asyncio.timeout(LOOK_S):
                answer = await self._connections.ask("GET", "/health")
                await answer.read()
                if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                    return False
                answer = await self._connections.ask("GET", "/v1/models")
                raw = await answer.read()
        except SettingsError as exc:
            raise EngineUnavailable(str(exc)) from exc
        except (ConnectionLost, TimeoutError) as exc:
            raise self._away(exc) from exc
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._closed_to_us(answer.status, raw)
        try:
            found = msgspec.json.decode(raw)["data"][0]
            if answer.status != HTTPStatus.OK or found["owned_by"] != "lacuna":
                raise ValueError
            backend = str(found["meta"]["backend"])
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            raise EngineUnavailable(
                f"What answers at {self._url} is not `lacuna serve` of this version, so no text is "
                "sent to it."
            ) from None
        self._about = {"model": str(found["id"]), "backend": backend, "engine_url": self._url}
        return True

    @asynccontextmanager
    async def _translated(self, deadline_ms: float | None = None) -> AsyncIterator[None]:
        longest = LONGEST_ANSWER_S if deadline_ms is None else GRACE_S + deadline_ms / 1000
        try:
            async with asyncio.timeout(longest):
                yield
        except TimeoutError as exc:
            self._presence.doubt()
            raise EngineUnavailable("The engine did not answer in time; ask again.") from exc
        except ConnectionLost as exc:
            away = self._away(exc)
            self._presence.lost(away)
            raise away from exc

    def _away(self, exc: Exception) -> EngineUnavailable:
        if isinstance(exc, ConnectionLost) and str(exc):
            return EngineUnavailable(f"The engine at {self._url} is not asked, because {exc}.")
        return EngineUnavailable(
            f"No engine answers at {self._url}; start it with `lacuna serve`, and Lacuna goes on "
            "by itself."
        )

    def _closed_to_us(self, status: int, raw: bytes) -> EngineUnavailable:
        if status == HTTPStatus.FORBIDDEN:
            said = sentence_of(status, raw)
            return EngineUnavailable(f"The engine at {self._url} does not answer us: {said}")
        if self._key_file is None:
            return EngineUnavailable(
                f"The engine at {self._url} asks for a key; name the file that holds it "
                "(engine.keyFile)."
            )
        return EngineUnavailable(
            f"The engine at {self._url} does not know the key in {self._key_file}; ask whoever "
            "runs it for one."
        )

    def _refused(self, status: int, raw: bytes) -> EngineError:
        """An answer that is none, as the error that an embedded engine would raise."""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            why = self._closed_to_us(status, raw)
            self._presence.lost(why)
            return why
        if (
            status == HTTPStatus.SERVICE_UNAVAILABLE
        ):  # late, or its model is loaded again, or it is being stopped
            self._presence.doubt()
        return error_of(status, raw)


def _applied(request: EditRequest, result: FillResult) -> FillResult:
    """What stands outside the spans is what we sent, whatever came back."""
    return msgspec.structs.replace(result, text=apply_spans(request.text, result.spans))
