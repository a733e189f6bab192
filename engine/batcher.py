"""Runs requests in one thread, a step at a time: interactive ones first, a cancelled one leaves within a step.

A request is a generator of passes (``engine/sampler.py``). Between two steps the batcher looks at everything again, so a
long command never holds up a keystroke. A request that fails, fails alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from engine.backends import Backend, Batch, Predictions
from engine.errors import EngineError, EngineUnavailable

logger = logging.getLogger(__name__)


class Priority(IntEnum):
    INTERACTIVE = 0
    COMMAND = 1


@dataclass
class Job:
    """One request in the batcher."""

    run: Generator[Batch, Predictions, Any]
    priority: Priority
    future: Future[Any] = field(default_factory=Future)
    cancelled: bool = False
    pending: Batch | None = None


class Batcher:
    """Owns the thread that runs the backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._jobs: list[Job] = []
        self._current: Job | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="lacuna-engine", daemon=True)
        self._thread.start()

    def submit(self, run: Generator[Batch, Predictions, Any], priority: Priority = Priority.COMMAND) -> Job:
        """Queue a request; its ``future`` holds the result, its error, or ``CancelledError``."""
        job = Job(run, priority)
        # From here on only the batcher settles the future; `Future.cancel` by a waiter has no effect, `cancel` below has.
        job.future.set_running_or_notify_cancel()
        with self._changed:
            if self._closed:
                raise EngineUnavailable("The engine is stopped; start it again.")
            self._jobs.append(job)
            self._changed.notify()
        return job

    def cancel(self, job: Job) -> None:
        """Take a request out; the pass it is in ends early where the backend can."""
        with self._changed:
            job.cancelled = True
            if self._current is job:
                self._backend.interrupt()
            self._changed.notify()

    def close(self) -> None:
        """Cancel everything and end the thread."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.cancelled = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if not self._jobs:
                    return
                first = min(job.priority for job in self._jobs)
                turn = [job for job in self._jobs if job.priority == first or job.cancelled]
            for job in turn:
                if self._step(job):
                    with self._changed:
                        self._jobs.remove(job)

    def _step(self, job: Job) -> bool:
        """Advance one request by one pass; True when it is over."""
        with self._changed:
            self._current = None if job.cancelled else job
        try:
            if job.cancelled:
                raise CancelledError
            if job.pending is None:
                job.pending = next(job.run)
            else:
                job.pending = job.run.send(self._backend.predict(job.pending))
            return False
        except StopIteration as stop:
            job.future.set_result(stop.value)
        except CancelledError as exc:
            job.future.set_exception(exc)
        except Exception as exc:
            if job.cancelled:  # an interrupted pass ends with the runtime's own error
                job.future.set_exception(CancelledError())
            else:
                if not isinstance(exc, EngineError):
                    logger.error("A request failed: %s", type(exc).__name__)
                job.future.set_exception(exc)
        finally:
            with self._changed:
                self._current = None
        job.run.close()
        return True
