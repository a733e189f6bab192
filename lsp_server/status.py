"""How the server is, and what became of its suggestions: counted here, kept in memory only, told
when asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lsp_server.suggestions.acceptance import Acceptance

KEPT = 1_000
"""Times of each kind that are remembered."""
State = Literal["starting", "ready", "busy", "off", "error"]


@dataclass
class Status:
    acceptance: Acceptance
    engine: Literal["starting", "ready", "error"] = "starting"
    message: str = ""
    """What is wrong, with the way out."""
    off: bool = False
    """The user wants no suggestions; commands work all the same."""
    busy: int = 0
    """Commands that are running."""
    _ms: dict[str, deque[float]] = field(default_factory=dict)
    _asked: int = 0

    @property
    def state(self) -> State:
        """The one word that matters most."""
        return (
            self.engine
            if self.engine != "ready"
            else "busy"
            if self.busy
            else "off"
            if self.off
            else "ready"
        )

    def answered(self, kind: str, ms: float) -> None:
        """A request of ``kind`` was answered, with something to show or without."""
        self._ms.setdefault(kind, deque(maxlen=KEPT)).append(ms)
        self._asked += 1

    def report(self) -> dict[str, object]:
        """Plain figures; never any text."""
        times = {
            kind: {
                f"p{q}_ms": round(float(np.percentile(list(values), q)), 1) for q in (50, 95, 99)
            }
            | {"count": len(values)}
            for kind, values in self._ms.items()
        }
        counts = {
            name: self.acceptance.counts[name] for name in ("shown", "accepted", "accepted_in_part")
        }
        dismissed = max(0, counts["shown"] - counts["accepted"] - counts["accepted_in_part"])
        about = {"state": self.state, "message": self.message, "asked": self._asked}
        return {**about, **counts, "dismissed": dismissed, "times": times}

    def sentence(self, why: str | None = None) -> str:
        """The same for people, in a short line; ``why`` nothing was shown last."""
        report = self.report()
        parts = [f"Lacuna is {self.state}" + (f": {self.message}" if self.message else "")]
        if why:
            parts.append(f"nothing shown because {why}")
        parts.append(
            f"{report['shown']} shown, {report['accepted']} accepted, {report['accepted_in_part']} "
            "in part"
        )
        return "; ".join(parts) + "."
