"""Batches made ahead of their step by worker processes, so that an accelerator never waits for
tokenising.

Every batch depends on (seed, step) alone, so it is the same whoever makes it and resume stays
exact.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset

from training.examples.objective import Objective, StepBatch

MOST_WORKERS = 12
"""Twice what a small model on a large GPU takes (``usual_workers``)."""


def usual_workers(device: torch.device) -> int:
    """Worker processes for a run on ``device``: none on a CPU, whose cores are the accelerator;
    nearly all beside a GPU.

    One process makes some 200,000 tokens of infilling examples a second, a small model on a large
    GPU takes a million.
    """
    return 0 if device.type == "cpu" else max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 2))


class Prefetch:
    """The batches of steps ``first`` to ``last``; ``waited`` is the time in seconds that the loop
    stood still for them."""

    def __init__(self, objective: Objective, first: int, last: int, workers: int) -> None:
        self.waited = 0.0
        self._loader: DataLoader[StepBatch] = DataLoader(
            _Steps(objective),
            batch_size=None,
            sampler=range(first, last),
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=_one_thread,
        )

    def __iter__(self) -> Iterator[StepBatch]:
        batches = iter(self._loader)
        while True:
            began = time.monotonic()
            batch = next(batches, None)
            self.waited += time.monotonic() - began
            if batch is None:
                return
            yield batch


class _Steps(Dataset[StepBatch]):
    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    def __getitem__(self, step: int) -> StepBatch:
        return self._objective.batch(step)


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
