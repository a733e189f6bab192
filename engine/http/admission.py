"""Which request enters the engine next: bounded, fair between clients, urgent ones first.

So many run at a time as may share passes. Of those that wait, the client with the fewest running
requests is served first, then the one that was served longest ago. When too many wait, the newest
request of the client with the most of them is sent away, so that one client's flood costs that
client alone. Runs in one event loop and takes no lock.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE_S = 2.0
"""A command that waited so long is as urgent as typing: commands are late, never starved."""
SMOOTHING = 0.1
"""Weight of the last request in the mean time of one."""


class Overloaded(Exception):
    """Too many requests wait; ``retry_after_s`` is when one more is likely to be admitted."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many requests wait")
        self.retry_after_s = retry_after_s


@dataclass
class _Waiter:
    client: str
    urgent: bool
    since: float
    turn: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Admission:
    """Requests that run in the engine, and the queue before them."""

    def __init__(
        self, running: int, waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_running, self._most_waiting, self._clock = running, waiting, clock
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[str, list[_Waiter]] = OrderedDict()
        """By client; the one served longest ago stands first."""
        self._mean_s = 0.2

    @property
    def running(self) -> int:
        return self._running.total()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def enter(self, client: str, urgent: bool) -> None:
        """Wait for admission; ``Overloaded`` when there is no room to wait. Cancelling the call
        gives it up."""
        if self.running < self._most_running and not self._waiting:
            self._running[client] += 1
            return
        self._make_room(client)
        waiter = _Waiter(client, urgent, self._clock())
        self._waiting.setdefault(client, []).append(waiter)
        try:
            await waiter.turn
        except BaseException:
            if (
                waiter.turn.done()
                and not waiter.turn.cancelled()
                and waiter.turn.exception() is None
            ):
                self.leave(client)  # called up in the moment in which it was cancelled
            else:
                self._remove(waiter)
            raise

    def leave(self, client: str, seconds: float | None = None) -> None:
        """A request has left the engine after ``seconds``; the next one enters."""
        self._running[client] -= 1
        if self._running[client] <= 0:
            del self._running[client]
        if seconds is not None:
            self._mean_s += SMOOTHING * (seconds - self._mean_s)
        self._call_next()

    def retry_after_s(self) -> float:
        """When the queue of now will have been served."""
        return min(60.0, max(1.0, (self.waiting + 1) * self._mean_s / self._most_running))

    def _make_room(self, client: str) -> None:
        """Send somebody away when the queue is full: the newest of the greediest client, which may
        be the caller."""
        if self.waiting < self._most_waiting:
            return
        greediest = max(self._waiting, key=lambda name: len(self._waiting[name]))
        if len(self._waiting[greediest]) <= len(self._waiting.get(client, ())) + 1:
            raise Overloaded(self.retry_after_s())
        victim = self._waiting[greediest][-1]
        self._remove(victim)
        victim.turn.set_exception(Overloaded(self.retry_after_s()))

    def _call_next(self) -> None:
        while self.running < self._most_running and (waiter := self._next()) is not None:
            self._remove(waiter)
            if self._waiting.get(waiter.client):
                self._waiting.move_to_end(waiter.client)
            self._running[waiter.client] += 1
            waiter.turn.set_result(None)

    def _next(self) -> _Waiter | None:
        """The first urgent request of the client that has the least; else the first of any kind."""
        old = self._clock() - PATIENCE_S
        best: tuple[tuple[bool, int], _Waiter] | None = None
        for client, waiters in self._waiting.items():
            urgent = (waiter for waiter in waiters if waiter.urgent or waiter.since <= old)
            first = next(urgent, waiters[0])
            rank = (not (first.urgent or first.since <= old), self._running[client])
            if best is None or rank < best[0]:
                best = (rank, first)
        return None if best is None else best[1]

    def _remove(self, waiter: _Waiter) -> None:
        waiters = self._waiting.get(waiter.client, [])
        with suppress(ValueError):
            waiters.remove(waiter)
        if not waiters:
            self._waiting.pop(waiter.client, None)
