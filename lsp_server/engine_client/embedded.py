"""An engine in this process, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.base.errors import EngineError, EngineUnavailable, RequestRejected
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, FillRequest, FillResult
from engine.request.scores import ScoreResult
from engine.service.batcher import Job, Priority
from engine.service.core import Engine

FIRST_WAIT_S, MAX_WAIT_S = 1.0, 60.0
"""Before a broken engine is loaded again: doubled with every failure that follows another."""


class EmbeddedEngine:
    """Loads it when it is first asked. One that fails is loaded again, later each time it fails
    again."""

    def __init__(self, model: Path | None, backend: str, threads: int = 0) -> None:
        """``threads`` 0: as many as the engine finds best."""
        self._model, self._backend, self._threads = model, backend, threads
        self._engine: Engine | None = None
        self._loading: asyncio.Task[None] | None = None
        self._failures = 0
        self._closed = False
        self.on_state: Callable[[EngineError | None], None] | None = None
        """Told of a failure, and with ``None`` when the engine is there again."""

    @property
    def ready(self) -> bool:
        return self._engine is not None

    async def load(self) -> None:
        # Several callers wait for one load; a caller that is cancelled does not cancel it for the
        # others.
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        await asyncio.shield(self._loading)

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        engine = await self._loaded()
        priority = Priority.INTERACTIVE if interactive else Priority.COMMAND
        result: FillResult = await self._result(
            engine, engine.submit_fill(request, on_draft, priority)
        )
        return result

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        engine = await self._loaded()
        job = (
            engine.submit_rewrite(request)
            if isinstance(request, RewriteRequest)
            else engine.submit_before(request)
        )
        result: FillResult = await self._result(engine, job)
        return result

    async def score(self, text: str) -> ScoreResult:
        engine = await self._loaded()
        result: ScoreResult = await self._result(engine, engine.submit_score(text))
        return result

    async def prepare(self, request: FillRequest) -> None:
        if self._engine is not None:
            await self._result(self._engine, self._engine.submit_prepare(request))

    def use_threads(self, threads: int) -> None:
        """Another number: another engine, while this one answers until that one is there."""
        if threads == self._threads:
            return
        self._threads = threads
        if (engine := self._engine) is not None:
            self._loading = asyncio.ensure_future(self._exchange(engine))

    async def token_texts(self) -> list[str]:
        return (await self._loaded()).tokenizer.token_texts()

    def about(self) -> dict[str, str]:
        engine = self._engine
        return (
            {} if engine is None else {"model": engine.model_name, "backend": engine.backend.name}
        )

    def forget(self, session: str) -> None:
        if self._engine is not None:
            with suppress(EngineError):  # an engine that is stopped keeps nothing anyway
                self._engine.submit_forget(session)

    async def close(self) -> None:
        self._closed = True
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.to_thread(engine.close)

    async def _loaded(self) -> Engine:
        await self.load()
        if self._engine is None:
            raise EngineUnavailable("The engine is stopped; restart the language server.")
        return self._engine

    async def _load(self) -> None:
        while True:
            threads = self._threads
            # asyncio's own executor, not that of pygls, on which pygls reads its input.
            engine = await asyncio.to_thread(Engine, self._model, self._backend, threads or None)
            if not self._closed and threads == self._threads:
                self._engine = engine
                return
            await asyncio.to_thread(engine.close)
            if self._closed:
                return

    async def _exchange(self, old: Engine) -> None:
        """Another engine in place of one that works: it answers until the other one is there."""
        await self._load()
        await asyncio.to_thread(old.close)

    async def _result(self, engine: Engine, job: Job) -> Any:
        """What a job returns; a caller that is cancelled takes it out of the engine."""
        try:
            found = await asyncio.wrap_future(job.future)
        except (RequestRejected, EngineUnavailable):
            raise
        except EngineError as exc:
            self._failed(engine, exc)
            raise
        except Exception as exc:
            # A fault of ours or an allocation that failed: this request fails, and its message may
            # hold the user's text.
            raise EngineError(
                f"The engine could not answer ({type(exc).__name__}); ask again."
            ) from None
        else:
            self._failures = 0
            return found
        finally:
            if not job.future.done():
                engine.cancel(job)

    def _failed(self, engine: Engine, exc: EngineError) -> None:
        """Put a broken engine away and load another after a while; told once, whoever else was
        waiting for it."""
        if self._engine is not engine:
            return
        self._engine = None
        self._failures += 1
        if self.on_state is not None:
            self.on_state(exc)
        self._loading = asyncio.create_task(self._load_again(engine))

    async def _load_again(self, broken: Engine) -> None:
        await asyncio.to_thread(broken.close)
        while self._engine is None:
            await asyncio.sleep(min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** (self._failures - 1)))
            with suppress(EngineError):
                await self._load()
            self._failures += self._engine is None
        if self.on_state is not None:
            self.on_state(None)
