"""One fill over and over, for a profiler: ``py-spy record -o docs/pictures/profile.svg -- python -m
benchmarks.speed.one_fill``."""

from __future__ import annotations

import time

from benchmarks.speed.latency import blank_request, library_cases
from engine import Engine

SECONDS = 10.0


def main() -> None:
    with Engine() as engine:
        requests = [
            blank_request(case, copies=True, language="python") for case in library_cases(40)
        ]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for request in requests:
                engine.fill(request)


if __name__ == "__main__":
    main()
