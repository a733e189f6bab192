"""Stands in front of every request: Host and Origin, then the key. Puts the security headers on
every answer.

A page of another site can make a browser send requests to this machine, and by DNS rebinding even
read the answers: its Host is then a name that is not ours. CORS stays closed: no header opens it,
and a foreign Origin is refused before anything is read.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.http.contracts.errors import HttpError, error_response
from engine.http.security.keys import Keys

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; connect-src 'self'; img-src "
    "'self' data:; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY.format(nonce=""),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OPEN_PATHS = frozenset({"/", "/health", "/favicon.ico", "/favicon.svg"})
OPEN_FOLDER = "/assets/"
"""The page itself holds no secret; what it asks for needs the key."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, keys: Keys, hosts: Iterable[str] = ()) -> None:
        self._app, self._keys = app, keys
        self._hosts = {host.lower() for host in hosts} | {socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope)
        except HttpError as exc:
            await error_response(exc, scope["path"])(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        # A browser reaches no Unix socket, and its mode lets in nobody but its user.
        if is_unix(scope):
            return
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise HttpError(
                403,
                "This Host is not a name of this server; start lacuna serve with --allowed-host to "
                "add it.",
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (
            f"http://{host.lower()}",
            f"https://{host.lower()}",
        ):
            raise HttpError(403, "Pages of other sites may not ask this server.")
        path = scope["path"]
        if not self._keys or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return
        name = self._keys.name_of(_offered(headers))
        if name is None:
            raise HttpError(
                401, "A key is needed: send Authorization: Bearer KEY.", code="invalid_api_key"
            )
        scope["lacuna.key"] = name

    def _is_ours(self, host: str) -> bool:
        name = host.lower().rsplit(":", 1)[0] if not host.endswith("]") else host.lower()
        if name == "localhost" or name.endswith(".localhost") or name in self._hosts:
            return True
        try:  # a name can be made to point here, an address cannot
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def is_unix(scope: Scope) -> bool:
    """True for a request over the Unix socket."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _offered(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
