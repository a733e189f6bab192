"""Where an engine is served: a Unix socket, this machine, or another one over TLS."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from engine.base.structs import Config
from engine.http.security.addresses import is_loopback

UNIX = "unix:"
FORMS = "unix:/path/to/socket, http://127.0.0.1:PORT or https://HOST"


class EngineAddress(Config, kw_only=True, frozen=True, rename="camel"):
    """What a user says of a served engine; without ``url`` the engine is embedded."""

    url: str | None = None
    """``unix:/path``, ``http://HOST:PORT`` of this machine, or ``https://HOST``."""
    key_file: str | None = None
    """A file with the key, where the server asks for one."""

    def __post_init__(self) -> None:
        if self.url is not None:
            check_url(self.url)
        elif self.key_file is not None:
            raise ValueError("a key file without a url opens nothing; name the engine's url, too")


def check_url(url: str) -> None:
    """``ValueError`` with the way out, as the end of a sentence, for anything but such an address.

    Texts go there, and the key: over a network only encrypted.
    """
    if url.startswith(UNIX):
        if os.name != "posix":
            raise ValueError(f"this system has no Unix sockets; {url!r} has to be {FORMS}")
        if not socket_path(url).startswith("/"):
            raise ValueError(f"the socket of {url!r} has to be named from / on")
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{url!r} is not an address; it has to be {FORMS}") from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not the address of an engine; it has to be {FORMS}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the url of an engine holds no name or password; the key has its own file")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            f"{url!r} would send texts and the key in the clear; use https://, or forward a port "
            "or socket with ssh"
        )


def socket_path(url: str) -> str:
    """The path in ``unix:/path`` or ``unix:///path``; ``~`` is the user's folder."""
    path = os.path.expanduser(url.removeprefix(UNIX))
    return "/" + path.lstrip("/") if path.startswith("//") else path
