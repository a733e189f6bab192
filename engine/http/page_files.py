"""Serves the built web page: ``/`` with a fresh nonce for its styles, its assets with a long
life."""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from engine.http.contracts.errors import HttpError
from engine.http.security.guard import POLICY

DIST = Path(__file__).parent / "page" / "dist"
NONCE = "__CSP_NONCE__"
HASHED = "public, max-age=31536000, immutable"
ICONS = ("favicon.ico", "favicon.svg")
"""What browsers ask for at the root."""


def page_routes(dist: Path = DIST) -> list[BaseRoute]:
    """Routes of the page that was built into ``dist``."""

    async def index(request: Request) -> Response:
        file = dist / "index.html"
        if not file.is_file():
            raise HttpError(
                404,
                "The page is not built into this installation; the calls of GET /openapi.json are "
                "there.",
            )
        nonce = secrets.token_urlsafe(16)
        policy = POLICY.format(nonce=f" 'nonce-{nonce}'")
        text = file.read_text(encoding="utf-8").replace(NONCE, nonce)
        return HTMLResponse(
            text, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        )

    async def asset(request: Request) -> Response:
        # The names are looked up among those that are there, so no name leads elsewhere.
        names = {path.name: path for path in (dist / "assets").glob("*") if path.is_file()}
        return _file(names.get(request.path_params["name"]), HASHED)

    async def icon(request: Request) -> Response:
        return _file(dist / request.url.path.removeprefix("/"), "no-cache")

    return [
        Route("/", index, methods=["GET"]),
        Route("/assets/{name}", asset, methods=["GET"]),
        *(Route(f"/{name}", icon, methods=["GET"]) for name in ICONS),
    ]


def _file(path: Path | None, cache: str) -> Response:
    if path is None or not path.is_file():
        raise HttpError(404, "There is no such file of the page.")
    return FileResponse(path, headers={"Cache-Control": cache})
