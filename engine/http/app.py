"""The ASGI application: routes, errors in each contract's words, the guard in front, the page
beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.base.errors import EngineError
from engine.http.contracts import llama_cpp, own, status
from engine.http.contracts.bodies import ClientGone
from engine.http.contracts.errors import HttpError, error_response
from engine.http.contracts.openai import chat, completions
from engine.http.contracts.openapi import description
from engine.http.contracts.serving import Serving
from engine.http.engine_service import EngineService
from engine.http.page_files import page_routes
from engine.http.security.guard import Guard
from engine.http.security.keys import Keys
from engine.http.settings import Limits
from engine.service.bundled import MINI
from engine.service.core import Engine

logger = logging.getLogger(__name__)
ROUTES: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
    ("POST", "/v1/fill", own.fill),
    ("POST", "/v1/score", own.score),
    ("POST", "/v1/rewrite", own.rewrite),
    ("POST", "/v1/before", own.before),
    ("POST", "/v1/prepare", own.prepare),
    ("DELETE", "/v1/sessions/{session:path}", own.forget),
    ("POST", "/infill", llama_cpp.infill),
    ("POST", "/v1/completions", completions.completions),
    ("POST", "/v1/fim/completions", completions.fim),
    ("POST", "/v1/chat/completions", chat.chat),
    ("GET", "/v1/models", status.models),
    ("GET", "/v1/tokens", status.tokens),
    ("GET", "/props", status.props),
    ("GET", "/health", status.health),
    ("GET", "/metrics", status.metrics),
)


def create_app(
    load: Callable[[], Engine],
    *,
    folder: Path = MINI,
    aliases: Iterable[str] = (),
    keys: Keys | None = None,
    hosts: Iterable[str] = (),
    limits: Limits | None = None,
    on_failed: Callable[[EngineError], None] | None = None,
) -> Starlette:
    """The application around one engine, which ``load`` makes in the background; ``on_failed``
    hears when it cannot."""
    service = EngineService(load, limits or Limits())
    serving = Serving(service, folder.name, folder, tuple(aliases))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(_load(service, on_failed))
        try:
            yield
        finally:
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
            await service.close()

    app = Starlette(
        routes=_routes(),
        lifespan=lifespan,
        middleware=[
            Middleware(Barrier),
            Middleware(Guard, keys=keys or Keys(), hosts=tuple(hosts)),
        ],
        exception_handlers={HttpError: _refused, HTTPException: _no_route, ClientGone: _gone},
    )
    # A redirect would send a text and its key to whatever address the request seems to be for.
    app.router.redirect_slashes = False
    app.state.serving = serving
    return app


async def _load(service: EngineService, on_failed: Callable[[EngineError], None] | None) -> None:
    try:
        await service.start()
    except EngineError as exc:
        if on_failed is not None:
            on_failed(exc)


def _routes() -> list[BaseRoute]:
    async def openapi(request: Request) -> Response:
        return Response(description(), media_type="application/json")

    routes: list[BaseRoute] = [
        Route(path, endpoint, methods=[method]) for method, path, endpoint in ROUTES
    ]
    return [*routes, Route("/openapi.json", openapi, methods=["GET"]), *page_routes()]


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HttpError)
    return error_response(exc, request.url.path)


async def _no_route(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    sentence = {
        404: "There is nothing at this path; GET /openapi.json lists what is.",
        405: "This path has another method.",
    }
    answer = error_response(
        HttpError(exc.status_code, sentence.get(exc.status_code, exc.detail)), request.url.path
    )
    answer.headers.update(exc.headers or {})
    return answer


async def _gone(request: Request, exc: Exception) -> Response:
    """Nobody reads this; 499 is what it is called in logs of other servers."""
    return Response(status_code=499)


class Barrier:
    """ASGI middleware: a fault of ours is told by its type; its message may hold a user's text and
    is not logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as exc:
            if scope["type"] != "http":
                raise
            logger.error(
                "A fault while answering %s: %s", scope.get("path", "")[:80], type(exc).__name__
            )
            if not begun:
                fault = HttpError(500, "A fault of the server; please report it.")
                await error_response(fault, scope["path"])(scope, receive, watched)
