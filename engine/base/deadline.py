"""By when an answer is wanted, and whether that time was found to be over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass
class Deadline:
    """A point in time of ``clock``, in seconds; without one it never comes."""

    at: float | None = None
    clock: Clock = time.monotonic
    passed: bool = field(default=False, init=False)
    """What the last look at the clock said: work goes on until someone looks."""

    @classmethod
    def after(cls, ms: float | None, began: float, clock: Clock) -> Deadline:
        """``ms`` milliseconds after ``began``; never, where that is ``None``."""
        return cls(None if ms is None else began + ms / 1000, clock)

    def expired(self) -> bool:
        """Look at the clock."""
        self.passed = self.at is not None and self.clock() >= self.at
        return self.passed

    @property
    def left_ms(self) -> float | None:
        """Milliseconds that are left, at least 0; ``None`` where it never comes."""
        return None if self.at is None else max(0.0, (self.at - self.clock()) * 1000)
