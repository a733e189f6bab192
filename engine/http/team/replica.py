"""One engine of several, in a process of its own that Ray starts, watches and replaces."""

from __future__ import annotations

from starlette.applications import Starlette

from engine.http.app import create_app
from engine.http.security.keys import Keys
from engine.http.team.settings import TeamSettings
from engine.service.bundled import find_model
from engine.service.core import Engine


class EngineReplica:
    """The application of `lacuna serve` as Ray Serve's ``ingress`` wants it."""

    def __init__(self, settings: TeamSettings, keys: Keys, generation: int) -> None:
        """Loads the model: requests come only when it is there. ``generation`` is another one when
        the same settings are to be deployed again."""
        folder = find_model(settings.model)
        threads = int(settings.cpus) if settings.cpus >= 1 else 1

        def make() -> Engine:
            return Engine(folder, settings.backend, threads)

        loaded = [make()]
        self._app = create_app(
            lambda: loaded.pop() if loaded else make(),  # one that breaks is replaced
            folder=folder,
            aliases=settings.aliases,
            keys=keys,
            hosts=(settings.host, *settings.allowed_hosts),
            limits=settings.limits,
        )
        self._started = False

    def __serve_build_asgi_app__(self) -> Starlette:
        return self._app

    def check_health(self) -> None:
        """Called by Ray; whoever raises a few times is replaced."""
        ready = self._app.state.serving.service.ready
        if self._started and not ready:
            raise RuntimeError("The engine is broken; another one is being loaded.")
        self._started = self._started or ready
