"""What `lacuna team` is told, by a TOML file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.base.structs import Config
from engine.http.settings import PORT, Limits, ServeSettings, SettingsError

SIZE = 64 << 10


class TeamSettings(Config, kw_only=True, frozen=True):
    """Where and for whom, as of `lacuna serve`, and how many engines."""

    cluster: str | None = None
    """Address of a running Ray cluster, or ``auto`` for the one of this machine; without it one is
    started for as long as the command runs."""
    model: str | None = None
    """The same path on every machine; the bundled model by default."""
    backend: str = "auto"
    host: str = "127.0.0.1"
    port: int = PORT
    key_file: str | None = None
    """On the machine of the command; the other ones are sent the digests of its keys."""
    tls_certificate: str | None = None
    tls_key: str | None = None
    """Both have to be on every machine that listens."""
    aliases: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    min_replicas: int = 1
    max_replicas: int = 1
    """Engines, each with a model of its own; between the two as the queue demands."""
    requests_per_replica: float = 4.0
    """That many at a time are what one engine is for; more of them ask for another engine."""
    cpus: float = 1.0
    """Of each engine; whole ones are also its number of threads."""
    gpus: float = 0.0
    """Of each engine, as 0.5 for two on one card."""
    health_check_s: float = 10.0
    """Between two questions to an engine how it is; one that fails three times is replaced."""
    limits: Limits = Limits()
    """Of each engine."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise ValueError(
                f"min_replicas is {self.min_replicas} and max_replicas {self.max_replicas}; give 1 "
                "or more, and no less as the most than as the least"
            )
        for name in ("requests_per_replica", "cpus", "health_check_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must be positive")
        if self.gpus < 0:
            raise ValueError(f"gpus is {self.gpus:g}; it cannot be negative")

    def as_served(self) -> ServeSettings:
        """The same as `lacuna serve` has it, for what both check."""
        files = {
            name: None if (path := getattr(self, name)) is None else Path(path)
            for name in ("key_file", "tls_certificate", "tls_key")
        }
        return ServeSettings(
            host=self.host,
            port=self.port,
            key_file=files["key_file"],
            tls_certificate=files["tls_certificate"],
            tls_key=files["tls_key"],
        )


def read_team_settings(path: Path) -> TeamSettings:
    """``SettingsError`` in one sentence for a file that cannot be read or does not fit."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE)
        return msgspec.toml.decode(raw, type=TeamSettings)
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        raise SettingsError(f"{path} cannot be read ({why}); name a TOML file.") from exc
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as exc:
        raise SettingsError(f"{path} does not fit: {exc}.") from exc
