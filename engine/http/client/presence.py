"""Whether a served engine can be used: found out before the first request, and looked for with
growing patience while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from engine.base.errors import EngineError, EngineUnavailable

FIRST_WAIT_S, MAX_WAIT_S = 0.25, 10.0
"""Between two looks: doubled each time."""


class Presence:
    """One engine's; use it within one event loop."""

    def __init__(self, look: Callable[[], Awaitable[bool]]) -> None:
        """``look`` returns true when a request would be served at once and false while the model
        is loaded; ``EngineUnavailable`` says why the engine cannot be used."""
        self._look = look
        self._there = False
        self._told: str | None = None
        """The sentence that was told last, while the engine is away."""
        self._looking: asyncio.Task[None] | None = None
        self._doubting: asyncio.Task[None] | None = None
        self.on_state: Callable[[EngineError | None], None] | None = None
        """Told why the engine is away, each reason once, and ``None`` when it is there again."""

    @property
    def there(self) -> bool:
        return self._there

    async def wait(self) -> None:
        """Return when the engine can be used; the wait for its model is waited out.
        ``EngineUnavailable`` when it is away; it is looked for from then on."""
        wait_s = FIRST_WAIT_S
        while not self._there:
            if not await self._looked():
                await asyncio.sleep(wait_s)
                wait_s = min(MAX_WAIT_S, 2 * wait_s)

    def lost(self, why: EngineUnavailable) -> None:
        """The engine is away."""
        self._there = False
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_again())
        if self._told != str(why):
            self._told = str(why)
            if self.on_state is not None:
                self.on_state(why)

    def doubt(self) -> None:
        """An answer leaves it open whether the engine is there: look, without waiting for it."""
        if self._doubting is None or self._doubting.done():
            self._doubting = asyncio.create_task(self._check())

    def close(self) -> None:
        """Stop looking."""
        self._there = False
        for task in (self._looking, self._doubting):
            if task is not None:
                task.cancel()

    def _found(self) -> None:
        looking, self._looking = self._looking, None
        if looking is not None and looking is not asyncio.current_task():
            looking.cancel()
        self._there = True
        told, self._told = self._told, None
        if told is not None and self.on_state is not None:
            self.on_state(None)

    async def _looked(self) -> bool:
        try:
            ready = await self._look()
        except EngineUnavailable as exc:
            self.lost(exc)
            raise
        if ready:
            self._found()
        return ready

    async def _look_again(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._there:
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_WAIT_S, 2 * wait_s)
            with suppress(EngineUnavailable):
                await self._looked()

    async def _check(self) -> None:
        with suppress(EngineUnavailable):
            if not await self._looked():
                self.lost(EngineUnavailable("The engine is loading its model; it is used then."))


def in_background(kept: set[asyncio.Task[Any]], work: Coroutine[Any, Any, Any]) -> None:
    """Run ``work`` beside everything else; asyncio itself forgets tasks that nobody holds."""
    task = asyncio.get_running_loop().create_task(work)
    kept.add(task)
    task.add_done_callback(kept.discard)
