"""Is the machine on battery? Asked seldom: it changes seldom, and asking reads files of the
system."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

HOLDS_S = 30.0
"""An answer holds for so long."""


def discharging() -> bool:
    """True on battery; False on mains, without a battery, and where the system does not say."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError, ValueError):
        return False
    return battery is not None and battery.power_plugged is False


@dataclass
class Power:
    ask: Callable[[], bool] = discharging
    clock: Callable[[], float] = time.monotonic
    _known: tuple[float, bool] | None = field(default=None, init=False)

    @property
    def on_battery(self) -> bool:
        now = self.clock()
        if self._known is None or now - self._known[0] > HOLDS_S:
            self._known = now, self.ask()
        return self._known[1]
