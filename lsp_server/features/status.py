"""How the server is, and what became of its suggestions: counted here, kept in memory only, told when asked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

SHOW, ACCEPTED, DOCTOR = "lacuna.showStatus", "lacuna.accepted", "lacuna.doctor"
"""Commands: what was counted; what an accepted suggestion runs (clients run the command of an item); what can run here."""
NOTIFICATION = "lacuna/status"
KEPT = 1_000
"""Times of each kind that are remembered."""
State = Literal["starting", "ready", "error"]


@dataclass
class Status:
    state: State = "starting"
    message: str = ""
    """What is wrong, with the way out."""
    _counts: Counter[str] = field(default_factory=Counter)
    _ms: dict[str, deque[float]] = field(default_factory=dict)

    def answered(self, kind: str, ms: float, shown: bool) -> None:
        """A request of ``kind`` was answered, with something to show or without."""
        self._ms.setdefault(kind, deque(maxlen=KEPT)).append(ms)
        self._counts["asked"] += 1
        self._counts["shown"] += shown

    def accepted(self) -> None:
        self._counts["accepted"] += 1

    def report(self) -> dict[str, object]:
        """Plain figures; never any text."""
        times = {
            kind: {f"p{q}_ms": round(float(np.percentile(list(values), q)), 1) for q in (50, 95, 99)}
            | {"count": len(values)}
            for kind, values in self._ms.items()
        }
        counts = {name: self._counts[name] for name in ("asked", "shown", "accepted")}
        dismissed = {"dismissed": max(0, counts["shown"] - counts["accepted"])}
        return {"state": self.state, "message": self.message, **counts, **dismissed, "times": times}

    def sentence(self) -> str:
        """The same for people, in a line."""
        report = self.report()
        parts = [f"Lacuna is {self.state}" + (f": {self.message}" if self.message else "")]
        parts.append(f"{report['shown']} suggestions shown, {report['accepted']} accepted")
        for kind, values in self._ms.items():
            parts.append(f"{kind}: median {np.median(list(values)):.0f} ms")
        return "; ".join(parts) + "."


async def doctor() -> str:
    """What `lacuna doctor` says: asked of a process of its own, which may fail without harm."""
    asked = (sys.executable, "-m", "lacuna", "doctor")
    process = await asyncio.create_subprocess_exec(*asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = await process.communicate()
    return said.decode("utf-8", "replace")
