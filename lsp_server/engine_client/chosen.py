"""The engine that the user chose: one in this process, or a served one; exchanged when the choice
changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.base.errors import EngineError
from engine.http.client.address import EngineAddress
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import Draft, FillRequest, FillResult
from engine.request.scores import ScoreResult
from lsp_server.engine_client.embedded import EmbeddedEngine

if TYPE_CHECKING:
    from engine.http.client.http_engine import HttpEngine


class ChosenEngine:
    """An ``EngineClient`` in front of the engine of the moment."""

    def __init__(
        self, model: Path | None, backend: str, address: EngineAddress | None = None
    ) -> None:
        """``address`` was named on the command line, which goes before settings."""
        self._model, self._backend, self._fixed = model, backend, address
        self._address: EngineAddress | None = None
        self._engine: EmbeddedEngine | HttpEngine | None = None
        self._kept: set[asyncio.Task[Any]] = set()
        self.on_state: Callable[[EngineError | None], None] | None = None
        """Told of a failure, and with ``None`` when the engine is there (again)."""

    def configure(self, threads: int, address: EngineAddress) -> None:
        address = self._fixed or address
        if self._engine is not None and address == self._address:
            if isinstance(self._engine, EmbeddedEngine):
                self._engine.use_threads(threads)
            return
        former, self._address = self._engine, address
        self._engine = self._made(threads, address)
        self._engine.on_state = self._teller(self._engine)
        if former is not None:
            self._keep(self._exchange(former, self._engine))

    @property
    def ready(self) -> bool:
        return self._engine is not None and self._engine.ready

    async def load(self) -> None:
        await self._chosen.load()

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        return await self._chosen.fill(request, interactive, on_draft)

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        return await self._chosen.edit(request)

    async def score(self, text: str) -> ScoreResult:
        return await self._chosen.score(text)

    async def prepare(self, request: FillRequest) -> None:
        await self._chosen.prepare(request)

    async def token_texts(self) -> list[str]:
        return await self._chosen.token_texts()

    def about(self) -> dict[str, str]:
        return {} if self._engine is None else self._engine.about()

    def forget(self, session: str) -> None:
        if self._engine is not None:
            self._engine.forget(session)

    async def close(self) -> None:
        for task in self._kept:
            task.cancel()
        if self._engine is not None:
            await self._engine.close()

    @property
    def _chosen(self) -> EmbeddedEngine | HttpEngine:
        if self._engine is None:  # before anybody said what the user wants
            self.configure(0, EngineAddress())
        assert self._engine is not None
        return self._engine

    def _made(self, threads: int, address: EngineAddress) -> EmbeddedEngine | HttpEngine:
        if address.url is None:
            return EmbeddedEngine(self._model, self._backend, threads)
        # Not above: whoever embeds the engine needs no HTTP, and waits 20 ms less for a start.
        from engine.http.client.http_engine import HttpEngine

        key_file = None if address.key_file is None else Path(address.key_file).expanduser()
        return HttpEngine(address.url, key_file)

    def _teller(self, engine: EmbeddedEngine | HttpEngine) -> Callable[[EngineError | None], None]:
        """What an engine says counts as long as it is the chosen one."""

        def tell(failure: EngineError | None) -> None:
            if engine is self._engine and self.on_state is not None:
                self.on_state(failure)

        return tell

    async def _exchange(
        self, former: EmbeddedEngine | HttpEngine, chosen: EmbeddedEngine | HttpEngine
    ) -> None:
        """The user chose another engine: the former one is let go, the new one made ready."""
        tell = self._teller(chosen)
        with suppress(EngineError):
            await former.close()
        try:
            await chosen.load()
        except EngineError as exc:
            tell(exc)
        else:
            tell(None)

    def _keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
