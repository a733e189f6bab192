"""Deploys engines as one Ray Serve application, and keeps it until told to stop.

Clients keep to an engine, whose context cache knows their documents: Ray's consistent hashing over
the header with which our clients name themselves. An engine that is busy or gone is passed over.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.base.errors import EngineError
from engine.http.security.addresses import bind_tcp, check_exposure
from engine.http.security.keys import Keys, read_keys
from engine.http.settings import SettingsError
from engine.http.team.replica import EngineReplica
from engine.http.team.settings import TeamSettings, read_team_settings
from engine.network.config_file import read_model_config
from engine.service.bundled import find_model, name_of

APPLICATION = "lacuna"
CLIENT_HEADER = "x-lacuna-client"
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_SERVE_SESSION_ID_HEADER_KEY": CLIENT_HEADER,
    "RAY_DEDUP_LOGS": "0",
}
ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
KEEP_ALIVE_S = 75
UPSCALE_S, DOWNSCALE_S = 5.0, 300.0
"""How long the queue asks for another engine before there is one, and for one less: whoever types
pauses, and a new engine has no contexts yet."""


def run_team(file: Path, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; SIGHUP reads the file again and exchanges the engines one by
    one. ``SettingsError`` for what cannot be, ``ModuleNotFoundError`` without Ray.

    ``announce`` is given the address when the first engines are there.
    """
    settings = _settings(file)
    keys = _checked(settings)
    bind_tcp(settings.host, settings.port).close()  # told in a sentence, which Ray does not
    os.environ.update(ENVIRONMENT)  # before Ray is imported, which reads them then
    _start(settings)
    again, stopped = threading.Event(), threading.Event()
    _on_signals(again, stopped)
    generation = 0
    _deploy(settings, keys, generation)
    scheme = "http" if settings.tls_certificate is None else "https"
    announce(f"at {scheme}://{settings.host}:{settings.port}")
    try:
        while not stopped.wait(0.2):
            if again.is_set():
                again.clear()
                generation += 1
                try:
                    settings = _settings(file)
                    _deploy(settings, _checked(settings), generation)
                except EngineError as exc:  # what runs goes on
                    announce(f"with its former settings: {exc}")
                else:
                    announce("with its new settings")
    finally:
        _stop(settings)


def _settings(file: Path) -> TeamSettings:
    """As they stand in the file, with one model for all engines: by itself each would look how much
    memory the others have left."""
    settings = read_team_settings(file)
    return msgspec.structs.replace(settings, model=name_of(settings.model))


def _checked(settings: TeamSettings) -> Keys:
    check_exposure(settings.as_served())
    read_model_config(find_model(settings.model))
    return Keys() if settings.key_file is None else read_keys(Path(settings.key_file))


def _start(settings: TeamSettings) -> None:
    import ray
    from ray import serve
    from ray.serve.config import HTTPOptions
    from ray.serve.schema import LoggingConfig

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    quiet = {"configure_logging": True, "logging_level": "warning", "log_to_driver": False}
    if settings.cluster is None:
        # Logical processors: that many engines are wanted, whatever else the machine has to do.
        cpus = max(os.cpu_count() or 1, int(settings.cpus * settings.max_replicas) + 1)
        ray.init(num_cpus=cpus, include_dashboard=False, **quiet)
    else:
        try:
            ray.init(address=settings.cluster, **quiet)
        except ConnectionError as exc:
            raise SettingsError(
                f"No Ray cluster answers at {settings.cluster}; start one with `ray start --head`, "
                "or leave `cluster` out."
            ) from exc
    serve.start(
        http_options=HTTPOptions(
            host=settings.host,
            port=settings.port,
            keep_alive_timeout_s=KEEP_ALIVE_S,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
        ),
        logging_config=LoggingConfig(log_level="WARNING", enable_access_log=False),
    )


def _deploy(settings: TeamSettings, keys: Keys, generation: int) -> None:
    """Deploy, or exchange what is deployed, an engine at a time; returns when they are there."""
    from ray import serve

    limits = settings.limits
    replicas: dict[str, Any] = (
        {"num_replicas": settings.min_replicas}
        if settings.min_replicas == settings.max_replicas
        else {
            "autoscaling_config": {
                "min_replicas": settings.min_replicas,
                "max_replicas": settings.max_replicas,
                "target_ongoing_requests": settings.requests_per_replica,
                "upscale_delay_s": UPSCALE_S,
                "downscale_delay_s": DOWNSCALE_S,
            }
        }
    )
    deployment = serve.deployment(
        serve.ingress()(EngineReplica),
        name="engine",
        ray_actor_options={
            "num_cpus": settings.cpus,
            "num_gpus": settings.gpus,
            "runtime_env": {"env_vars": ENVIRONMENT},
        },
        # The queue of an engine is our own, which is fair and says 429; Ray's is for the moment in
        # which no engine is there.
        max_ongoing_requests=limits.running + limits.waiting,
        max_queued_requests=limits.waiting,
        graceful_shutdown_timeout_s=limits.drain_s,
        health_check_period_s=settings.health_check_s,
        request_router_config={"request_router_class": ROUTER},
        **replicas,
    )
    try:
        serve.run(deployment.bind(settings, keys, generation), name=APPLICATION, route_prefix="/")
    except RuntimeError as exc:
        raise SettingsError(
            "The engines could not be started; `lacuna doctor` and the logs of Ray say why."
        ) from exc


def _stop(settings: TeamSettings) -> None:
    import ray
    from ray import serve

    if settings.cluster is None:
        serve.shutdown()
    else:
        serve.delete(APPLICATION)
    ray.shutdown()


def _on_signals(again: threading.Event, stopped: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: again.set())
