"""When to show a suggestion: in the pauses of typing, sooner for those who take many of them.

A delay that follows the typist's rhythm was accepted more often than a fixed one, and either more
often than none (arXiv 2511.18842: 18.6, 15.4 and 4.9 %). The engine is not asked before the delay
is over: what is typed over costs nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lsp_server.documents.document import Snapshot

Delay = float | Literal["adaptive"]
SHORTEST_S, LONGEST_S = 0.05, 0.6
USUAL_GAP_S, LONGEST_GAP_S = 0.15, 1.0
"""Between two keystrokes: at first; a longer one is a pause, not rhythm."""
FEWEST_GAPS, REMEMBERED = 3, 24
"""Gaps that make a rhythm, and those that are kept."""
INSIDE_WORD, ELSEWHERE = 2.0, 1.2
"""Gaps of the typist's rhythm that make a pause: inside a word one goes on typing."""
UNWELCOME = 1.5
"""So many times as long a wait where no suggestion is ever accepted, and as much shorter where all
are."""


@dataclass
class Debounce:
    """The rhythm of the user, over all documents."""

    clock: Callable[[], float] = time.monotonic
    _gaps: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _last: float = float("-inf")

    def edited(self, document: Snapshot, start: int, end: int, new: str) -> None:
        """Something was typed."""
        now = self.clock()
        if now - self._last <= LONGEST_GAP_S:
            self._gaps.append(now - self._last)
        self._last = now

    def wait_s(self, delay: Delay, before: str, accepted: float, engine_s: float) -> float:
        """Seconds from now until the engine is to be asked.

        ``before`` ends at the cursor, ``accepted`` the share of suggestions taken of late,
        ``engine_s`` how long an answer takes: it is part of the delay.
        """
        if delay == "adaptive":
            gap = float(np.median(self._gaps)) if len(self._gaps) >= FEWEST_GAPS else USUAL_GAP_S
            inside = before[-1:].isalnum() or before[-1:] == "_"
            wanted = (
                gap
                * (INSIDE_WORD if inside else ELSEWHERE)
                * float(UNWELCOME ** (1.0 - 2.0 * accepted))
            )
            wanted = min(LONGEST_S, max(SHORTEST_S, wanted))
        else:
            wanted = delay / 1000
        return max(0.0, self._last + wanted - engine_s - self.clock())
