"""What a process holds: memory, threads, open files; and whether memory grows."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import cpu_seconds, resident_mb

WARM_UP = 1 / 3
"""Share of the samples at the beginning that tell nothing: caches fill."""
QUIET_S, PATIENCE_S = 1.0, 30.0
"""A process is at rest when it did nothing for so long; more than the second is not waited for."""
NOTHING = 0.015
"""Seconds of processor time, a tick of the clock: timers go on."""


@dataclass(frozen=True)
class Sample:
    """Of a process at rest."""

    second: float
    memory_mb: float
    threads: int
    files: int


def sample(pid: int, second: float) -> Sample:
    tasks, files = Path(f"/proc/{pid}/task"), Path(f"/proc/{pid}/fd")
    held = len(list(tasks.iterdir())), len(list(files.iterdir()))
    return Sample(round(second, 1), resident_mb(pid), *held)


def rest(pid: int) -> None:
    """Wait until a process does nothing any more."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        before = cpu_seconds(pid)
        time.sleep(QUIET_S)
        if cpu_seconds(pid) - before <= NOTHING:
            return


def summary(samples: list[Sample]) -> dict[str, object]:
    """The samples, and the growth of memory behind the warm-up in MB an hour with half the width of
    its 95 % interval (ordinary least squares)."""
    settled = samples[int(WARM_UP * len(samples)) :]
    hours = np.array([s.second for s in settled]) / 3600
    memory = np.array([s.memory_mb for s in settled])
    offset = hours - hours.mean()
    spread = float((offset**2).sum())
    slope = float((offset * memory).sum() / spread)
    rest = memory - memory.mean() - slope * offset
    error = float(np.sqrt((rest**2).sum() / max(1, len(settled) - 2) / spread))
    return {
        "mb_an_hour": round(slope, 1),
        "plus_or_minus": round(1.96 * error, 1),
        "growth_mb": round(slope * float(hours[-1] - hours[0]), 1),
        "threads": [settled[0].threads, settled[-1].threads],
        "files": [settled[0].files, settled[-1].files],
        "samples": [asdict(s) for s in samples],
    }
