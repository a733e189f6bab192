"""Different answers for identical requests that are there at the same time.

Some clients (minuet) ask for several candidates by sending one request several times. Each of them
gets another answer: the first the best one, the next what is best among those not given yet. A
request that names a seed is left alone: it asks for repeatability.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LINGER_S = 0.3
"""A client's parallel requests are not quite parallel: the next may come when the first is answered
already."""


@dataclass
class Turn:
    """The turn of one request among its identical ones."""

    number: int
    """Of identical requests that came before and are still there, or were answered beside them."""
    _before: tuple[asyncio.Event, ...]
    _given: set[str]
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def pick(self, answers: Sequence[str]) -> str:
        """The first of ``answers`` that no earlier request was given; the last one where there is
        none."""
        for event in self._before:
            await event.wait()
        chosen = next((answer for answer in answers if answer not in self._given), answers[-1])
        self.give(chosen)
        return chosen

    def give(self, answer: str) -> None:
        """This request answers so."""
        self._given.add(answer)
        self.settled.set()


@dataclass
class _Group:
    events: list[asyncio.Event] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    here: int = 0


class DistinctAnswers:
    """Identical requests of now."""

    def __init__(self, linger_s: float = LINGER_S) -> None:
        self._linger_s = linger_s
        self._groups: dict[Hashable, _Group] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[Turn]:
        """Take a turn among the requests of one ``key``; it is given up when the block ends,
        however it ends."""
        group = self._groups.setdefault(key, _Group())
        turn = Turn(len(group.events), tuple(group.events), group.given)
        group.events.append(turn.settled)
        group.here += 1
        try:
            yield turn
        finally:
            turn.settled.set()
            group.here -= 1
            if not group.here:
                asyncio.get_running_loop().call_later(self._linger_s, self._drop, key)

    def _drop(self, key: Hashable) -> None:
        group = self._groups.get(key)
        if group is not None and not group.here:
            del self._groups[key]
