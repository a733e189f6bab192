"""What every endpoint shares: the engine, the names of the model, who asks, and how a fill becomes
a task."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from starlette.requests import Request

from engine.http.contracts.distinct import DistinctAnswers
from engine.http.contracts.errors import HttpError
from engine.http.contracts.openai.types import SEEDS
from engine.http.engine_service import EngineService, Show, Task
from engine.http.settings import Limits
from engine.request.messages import EditRequest, FillRequest
from engine.service.batcher import Job, Priority
from engine.service.core import Engine

MOST_TEMPERATURE = 2.0
PRINTABLE = 60
"""Characters of a name that an error repeats."""


@dataclass
class Serving:
    """One application's state, at ``request.app.state.serving``."""

    service: EngineService
    model: str
    """The name under which the model is listed."""
    folder: Path
    aliases: tuple[str, ...] = ()
    created: int = field(default_factory=lambda: int(time.time()))
    distinct: DistinctAnswers = field(default_factory=DistinctAnswers)

    @property
    def limits(self) -> Limits:
        return self.service.limits

    def check_model(self, name: str | None) -> None:
        """``HttpError`` 404 for a model that is not served here; no name means the one that is."""
        if name and name not in (self.model, *self.aliases):
            raise HttpError(
                404,
                f"The model {name[:PRINTABLE]!r} is not served here; use {self.model!r}, leave the "
                "name out, or start "
                "lacuna serve with --alias.",
                code="model_not_found",
                param="model",
            )


def serving_of(request: Request) -> Serving:
    """The application's state."""
    found: Serving = request.app.state.serving
    return found


def client_of(request: Request) -> str:
    """Who asks, for fairness and sessions: the key where there are keys, else address and
    program."""
    key: str | None = request.scope.get("lacuna.key")
    if key is not None:
        return f"key {key}"
    host = "" if request.client is None else request.client.host
    return (
        f"{host} {request.headers.get('x-lacuna-client') or request.headers.get('user-agent', '')}"[
            :200
        ]
    )


def count_tokens(serving: Serving, *texts: str) -> int:
    """Tokens of all ``texts`` together."""
    tokenizer = serving.service.engine.tokenizer
    return sum(len(tokenizer.encode(text)) for text in texts)


def check_bounds(request: EditRequest, limits: Limits) -> None:
    """``HttpError`` for a request that asks for more than one request may."""
    if not 1 <= request.n <= limits.candidates:
        raise HttpError(
            400, f"n is {request.n}; ask for 1 to {limits.candidates} answers.", param="n"
        )
    if len(request.related) > limits.related:
        raise HttpError(
            400,
            f"There are {len(request.related)} pieces of related text; send at most "
            f"{limits.related}.",
        )
    least = {"deadline_ms": 0, "seed": 0, "window": 1, "related_tokens": 0}
    for name, bound in least.items():
        value = getattr(request, name, None)
        if value is not None and value < bound:
            raise HttpError(400, f"{name} is {value:g}; give {bound} or more.", param=name)
    if request.seed >= SEEDS:
        raise HttpError(400, f"seed is {request.seed}; give less than {SEEDS}.", param="seed")
    if request.sampler.temperature > MOST_TEMPERATURE:
        raise HttpError(
            400,
            f"temperature is {request.sampler.temperature:g}; give at most {MOST_TEMPERATURE:g}.",
        )
    if not isinstance(request, FillRequest):
        return
    least_sure = request.min_confidence
    if isinstance(least_sure, float) and not 0.0 <= least_sure <= 1.0:
        raise HttpError(
            400,
            f"min_confidence is {least_sure:g}; give 0 to 1, or calibrated.",
            param="min_confidence",
        )
    if len(request.spans) > limits.spans:
        raise HttpError(
            400,
            f"There are {len(request.spans)} spans; fill at most {limits.spans} in one request.",
        )
    tokens = sum(span.max_tokens if span.tokens is None else span.tokens for span in request.spans)
    if tokens > limits.tokens:
        raise HttpError(
            400,
            f"The spans ask for {tokens} tokens; ask for at most {limits.tokens} in one request.",
        )


def fill_task(
    request: FillRequest, kind: str, client: str, urgent: bool, limits: Limits, waits: bool = True
) -> Task:
    """A fill on its way to the engine. Its deadline counts from now; with ``waits`` false from when
    it enters the engine."""
    priority = Priority.INTERACTIVE if urgent else Priority.COMMAND
    session = None if request.session is None else f"{client}\x1f{request.session}"
    asked = msgspec.structs.replace(request, session=session)

    def submit(engine: Engine, waited_s: float, show: Show | None) -> Job:
        return engine.submit_fill(
            in_time(asked, limits, waited_s if waits else 0.0), show, priority
        )

    deadline_s = None if request.deadline_ms is None or not waits else request.deadline_ms / 1000
    return Task(kind, client, urgent, submit, deadline_s)


def in_time(request: FillRequest, limits: Limits, waited_s: float) -> FillRequest:
    """The request with what is left of its deadline, and of the time that any request may take."""
    most = limits.request_s * 1000
    left = most if request.deadline_ms is None else min(most, request.deadline_ms)
    return msgspec.structs.replace(request, deadline_ms=max(0.0, left - 1000 * waited_s))
