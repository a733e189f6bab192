"""What `lacuna serve` is told: where it listens, who may ask, and how much."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from engine.base.errors import EngineError
from engine.base.structs import Config

PORT = 8012
"""Where llama.vim and llama.vscode look unless told otherwise."""


class SettingsError(EngineError):
    """The server cannot be started as asked; one sentence with the way out."""


class Limits(Config, kw_only=True, frozen=True):
    """Bounds of one request, and of all together."""

    body_bytes: int = 4 << 20
    spans: int = 512
    tokens: int = 16_384
    """That the spans of one request may ask for together."""
    candidates: int = 16
    related: int = 256
    """Pieces of related text."""
    score_chars: int = 200_000
    """Text that is scored in one call."""
    running: int = 8
    """Requests in the engine at a time: they share its passes."""
    waiting: int = 128
    """Requests that wait for their turn; one more is told to come again."""
    body_s: float = 15.0
    """A body that takes longer to arrive is not waited for."""
    request_s: float = 60.0
    """A fill answers with its best draft by then; other requests are ended."""
    stream_after_s: float = 0.5
    """Clients that read from left to right get an answer that is there by then in one piece:
    nothing can be taken back."""
    drain_s: float = 30.0
    """How long running requests may go on when the server is told to stop."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            least_is_zero = name == "stream_after_s"
            if getattr(self, name) < 0 or not (getattr(self, name) or least_is_zero):
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive.")


class ServeSettings(Config, kw_only=True, frozen=True):
    """Where and for whom."""

    host: str = "127.0.0.1"
    port: int = PORT
    """0: any free one."""
    socket: Path | None = None
    """Of a Unix socket beside it."""
    key_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    aliases: tuple[str, ...] = ()
    """Further names that requests may give the model."""
    allowed_hosts: tuple[str, ...] = ()
    """Names of this machine that requests may be addressed to, beside ``host`` and loopback."""
    limits: Limits = Limits()


def default_socket() -> Path | None:
    """Where the Unix socket stands unless told otherwise; ``None`` where there are none."""
    if os.name != "posix":
        return None
    own = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(own) if own else Path(tempfile.gettempdir()) / f"lacuna-{os.getuid()}"
    return (folder / "lacuna.sock") if not own else folder / "lacuna" / "lacuna.sock"
