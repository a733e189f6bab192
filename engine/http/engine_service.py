"""The engine behind every contract: loaded in the background, entered in turn, left within a step
by who goes away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from engine.base.errors import (
    BackendUnavailable,
    CheckpointError,
    EngineError,
    EngineUnavailable,
    RequestRejected,
)
from engine.http.admission import Admission, Overloaded
from engine.http.contracts.bodies import ClientGone
from engine.http.contracts.errors import HttpError
from engine.http.metrics import Metrics
from engine.http.settings import Limits
from engine.request.messages import FillResult
from engine.service.batcher import Job
from engine.service.core import Engine

logger = logging.getLogger(__name__)
T = TypeVar("T")
Show = Callable[[Any], None]
Submit = Callable[[Engine, float, Show | None], Job]
"""(engine, seconds waited, where drafts go, if anybody wants them) -> the job in the engine."""
FIRST_WAIT_S, MAX_WAIT_S = 1.0, 60.0
"""Before a broken engine is loaded again: doubled with every failure that follows another."""
BROKEN = 3
"""Faults in a row after which it is the engine that is broken, and not a request."""


@dataclass(frozen=True)
class Task:
    """One request on its way to the engine."""

    kind: str
    """For the metrics."""
    client: str
    urgent: bool
    submit: Submit
    deadline_s: float | None = None
    """Waiting in the queue ends then."""


class EngineService:
    """Requests of all clients, one engine."""

    def __init__(self, load: Callable[[], Engine], limits: Limits) -> None:
        """``load`` runs in a thread; see ``start``."""
        self._load, self.limits = load, limits
        self._engine: Engine | None = None
        self._loading: asyncio.Task[None] | None = None
        self._faults = 0
        self.failed: EngineError | None = None
        """Why the engine could not be loaded at the start."""
        self.draining = False
        self.admission = Admission(limits.running, limits.waiting)
        self.metrics = Metrics(
            lambda: self.admission.running, lambda: self.admission.waiting, self._contexts
        )

    @property
    def engine(self) -> Engine:
        """The loaded engine; ``HttpError`` 503 while there is none."""
        if self._engine is None:
            raise HttpError(503, "Loading model", retry_after_s=1)
        return self._engine

    @property
    def ready(self) -> bool:
        return self._engine is not None

    async def start(self) -> None:
        """Load the engine; ``EngineError`` when it cannot be."""
        try:
            self._engine = await asyncio.to_thread(self._load)
        except EngineError as exc:
            self.failed = exc
            raise

    async def close(self) -> None:
        """End whatever still runs."""
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError):
                await self._loading
        if self._engine is not None:
            await asyncio.to_thread(self._engine.close)
            self._engine = None

    async def run(self, task: Task) -> Any:
        """What the engine answers; cancelling the call frees the engine within one step."""
        stream = self.stream(task, drafts=False)
        async for item in stream:
            return item
        raise AssertionError("a task ends with its result")

    async def stream(self, task: Task, drafts: bool = True) -> AsyncGenerator[Any, None]:
        """Drafts, then the result. Closing the generator frees the engine within one step."""
        began = time.monotonic()
        outcome = "cancelled"
        try:
            engine = await self._enter(task)
            queue: asyncio.Queue[Any] = asyncio.Queue()
            job = self._submit(engine, task, time.monotonic() - began, queue, drafts)
            try:
                while (draft := await queue.get()) is not None:
                    yield draft
                result = self._result(engine, job)
                outcome = "ok"
                if isinstance(result, FillResult):
                    self.metrics.passes.observe(result.nfe)
                    self.metrics.written_tokens.inc(sum(span.tokens for span in result.spans))
            finally:
                if not job.future.done():
                    engine.cancel(job)
            yield result
        except HttpError as exc:
            outcome = {429: "overloaded", 503: "late", 500: "failed"}.get(exc.status, "rejected")
            raise
        finally:
            self.metrics.requests.labels(task.kind, outcome).inc()
            if outcome == "ok":
                self.metrics.seconds.labels(task.kind).observe(time.monotonic() - began)

    async def _enter(self, task: Task) -> Engine:
        if self.draining:
            raise HttpError(
                503, "The server is being stopped; ask again in a moment.", retry_after_s=2
            )
        engine = self.engine
        began = time.monotonic()
        wait_s = (
            self.limits.request_s
            if task.deadline_s is None
            else min(task.deadline_s, self.limits.request_s)
        )
        try:
            async with asyncio.timeout(wait_s):
                await self.admission.enter(task.client, task.urgent)
        except Overloaded as exc:
            text = "Too many requests are waiting; ask again later."
            raise HttpError(
                429, text, code="rate_limit_exceeded", retry_after_s=exc.retry_after_s
            ) from None
        except TimeoutError:
            text = "The deadline passed while the request waited for its turn; ask again later."
            raise HttpError(503, text, retry_after_s=self.admission.retry_after_s()) from None
        self.metrics.queue_seconds.observe(time.monotonic() - began)
        if self._engine is not engine:  # it broke while the request waited
            self.admission.leave(task.client)
            raise HttpError(503, "Loading model", retry_after_s=1)
        return engine

    def _submit(
        self, engine: Engine, task: Task, waited: float, queue: asyncio.Queue[Any], drafts: bool
    ) -> Job:
        """Hand a task to the engine; its admission ends when the engine has let go of it, not
        before."""
        loop, began = asyncio.get_running_loop(), time.monotonic()

        def tell(item: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(queue.put_nowait, item)

        def left() -> None:
            self.admission.leave(task.client, time.monotonic() - began)
            queue.put_nowait(None)

        def ended(_: Any) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(left)

        try:
            job = task.submit(engine, waited, tell if drafts else None)
        except BaseException as exc:
            self.admission.leave(task.client)
            raise self._as_http(engine, exc) from None
        job.future.add_done_callback(ended)
        return job

    def _result(self, engine: Engine, job: Job) -> Any:
        try:
            found = job.future.result()
        except BaseException as exc:
            raise self._as_http(engine, exc) from None
        self._faults = 0
        return found

    def _as_http(self, engine: Engine, exc: BaseException) -> BaseException:
        """An engine's error as clients see it; an engine that fails again and again is replaced
        by a new one."""
        if isinstance(exc, RequestRejected | CheckpointError | BackendUnavailable):
            return HttpError(400, str(exc))
        if isinstance(exc, EngineUnavailable):
            return HttpError(503, str(exc), retry_after_s=2)
        if isinstance(exc, Exception):
            # The message of a fault may hold text; its type does not.
            logger.error("A request failed: %s", type(exc).__name__)
            self._faults += 1
            if self._faults >= BROKEN and self._engine is engine:
                self._engine = None
                self._loading = asyncio.create_task(self._load_again(engine))
            return HttpError(500, "The engine failed at this request; please report it.")
        return HttpError(503, "The engine ended this request; ask again.", retry_after_s=1)

    async def _load_again(self, broken: Engine) -> None:
        await asyncio.to_thread(broken.close)
        wait_s = FIRST_WAIT_S
        while self._engine is None:
            with suppress(EngineError):
                self._engine, self._faults = await asyncio.to_thread(self._load), 0
                return
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_WAIT_S, 2 * wait_s)

    def _contexts(self) -> Mapping[str, int]:
        engine = self._engine
        return (
            {}
            if engine is None
            else {str(how): count for how, count in engine.contexts_served.items()}
        )


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What ``work`` returns; it is cancelled, and ``ClientGone`` raised, when the client goes away
    first."""
    task: asyncio.Future[T] = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    both: set[asyncio.Future[Any]] = {task, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        for part in (task, gone):
            if not part.done():
                part.cancel()
                with suppress(asyncio.CancelledError):
                    await part


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
