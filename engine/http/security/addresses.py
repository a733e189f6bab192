"""Where the server listens: loopback unless there are keys, and a Unix socket that only its user
can open."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from pathlib import Path

from engine.http.settings import ServeSettings, SettingsError


def is_loopback(host: str) -> bool:
    """True for a name or address that never leaves this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: ServeSettings) -> None:
    """``SettingsError`` for an address that others can reach without keys."""
    if not is_loopback(settings.host) and settings.key_file is None:
        raise SettingsError(
            f"Others can reach {settings.host}, and there are no keys; name a file with "
            "--api-key-file, "
            "or listen on 127.0.0.1."
        )
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise SettingsError("TLS needs both --tls-cert and --tls-key.")


def bind_tcp(host: str, port: int) -> socket.socket:
    """A bound socket; ``SettingsError`` says who may have the port."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # A name is what the system makes of it; one that we let in without keys must stay here.
        if is_loopback(host) and not is_loopback(str(address[0])):
            raise SettingsError(
                f"{host} is {address[0]} here, which others can reach; listen on 127.0.0.1."
            )
        bound = socket.socket(family, kind, protocol)
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        raise SettingsError(
            f"{host}:{port} cannot be listened on ({why}); choose another with --port or --host."
        ) from exc
    return bound


def bind_unix(path: Path) -> socket.socket:
    """A bound Unix socket of mode 600; what a server that died left there is taken away."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_folder(path.parent)
        _remove_stale(path)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
    except OSError as exc:
        why = exc.strerror or str(exc)
        raise SettingsError(
            f"The socket {path} cannot be made ({why}); name another with --socket."
        ) from exc
    return bound


def _check_folder(folder: Path) -> None:
    """Nobody else may put a socket of his own where ours is expected."""
    info = folder.stat()
    mine = info.st_uid in (0, os.getuid())
    if not mine or (info.st_mode & 0o022 and not info.st_mode & stat.S_ISVTX):
        raise SettingsError(
            f"Others can write to {folder}; name a socket in a folder of your own with --socket."
        )


def _remove_stale(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise SettingsError(
            f"{path} is not a socket and is left alone; name another with --socket."
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise SettingsError(
        f"A server answers on {path} already; stop it, or name another with --socket."
    )
