"""A simulated editor for locust: asks `/infill` again as soon as it is answered, each with its own
lines."""

from __future__ import annotations

import itertools

from locust import FastHttpUser, task

from benchmarks.infill_cases import Case
from benchmarks.speed.latency import library_cases

COUNT = 200
BEFORE, AFTER = 8_000, 2_000
"""Characters around the cursor, about what llama.vim sends of such files."""
CASES = library_cases(COUNT)
numbers = itertools.count()


class SimulatedEditor(FastHttpUser):
    """One client of many: the highest load that so many can make."""

    network_timeout = 120.0

    def on_start(self) -> None:
        number = next(numbers)
        self.headers = {"X-Lacuna-Client": f"editor {number}"}
        self.turns = itertools.islice(itertools.cycle(CASES), number * 7, None)

    @task
    def infill(self) -> None:
        self.client.post("/infill", json=body(next(self.turns)), headers=self.headers)


def body(case: Case) -> dict[str, object]:
    """A line is to be written, up to its end."""
    return {
        "input_prefix": case.text[max(0, case.start - BEFORE) : case.start],
        "input_suffix": case.text[case.end : case.end + AFTER],
        "stop": ["\n"],
    }
