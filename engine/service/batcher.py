"""Runs requests in one thread, a step at a time: interactive ones first, a cancelled one leaves
within a step.

A request is a generator of passes (``engine/decoding/sampler.py``). Between two steps the batcher
looks at everything again, so a long command never holds up a keystroke. Requests of one priority
share forward passes. A request that fails, fails alone, whatever it raises; should the thread
itself fail, everybody who waits is told, and the next request starts another one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any

from engine.backends.collation import collate, group_passes, split
from engine.backends.interface import Backend, Batch, Predictions
from engine.base.errors import EngineError, EngineUnavailable

logger = logging.getLogger(__name__)


CROWD, REST_S = 8, 1.0
"""So many requests at once need memory that is given back once nothing has been asked for so long.
"""


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
        self._crowded = False
        self._changed = threading.Condition()
        self._process = os.getpid()
        self._thread = self._started()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="lacuna-engine", daemon=True)
        thread.start()
        return thread

    def submit(
        self, run: Generator[Batch, Predictions, Any], priority: Priority = Priority.COMMAND
    ) -> Job:
        """Queue a request; its ``future`` holds the result, its error, or ``CancelledError``;
        ``EngineUnavailable``."""
        if (
            os.getpid() != self._process
        ):  # before the lock, which a thread of the parent may have held
            raise EngineUnavailable(
                "An engine does not work in a forked process; make another one there."
            )
        job = Job(run, priority)
        # From here on only the batcher settles the future; `Future.cancel` by a waiter has no
        # effect, `cancel` below has.
        job.future.set_running_or_notify_cancel()
        with self._changed:
            if self._closed:
                raise EngineUnavailable("The engine is stopped; start it again.")
            self._jobs.append(job)
            if not self._thread.is_alive():
                self._thread = self._started()
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

    def _run(self) -> None:
        """The thread: what no request is to blame for (memory that is short, a fault of ours) ends
        all that are there."""
        while True:
            try:
                self._work()
                return
            except BaseException as exc:
                logger.error("The engine's thread failed: %s", type(exc).__name__)
                with self._changed:
                    jobs, self._jobs, self._current = self._jobs, [], None
                told = EngineUnavailable("The engine failed while it worked; ask again.")
                for job in jobs:
                    _tell(job, partial(job.future.set_exception, told))

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    if not self._changed.wait(REST_S if self._crowded else None):
                        break
                if not self._jobs and self._closed:
                    return
                self._crowded = len(self._jobs) >= CROWD or (self._crowded and bool(self._jobs))
            if not self._jobs:
                self._backend.release()
                continue
            with self._changed:
                first = min(job.priority for job in self._jobs)
                turn = [job for job in self._jobs if job.priority == first or job.cancelled]
            for job in turn:
                if job.pending is None or job.cancelled:
                    self._advance(job, None)
            waiting = [job for job in turn if not job.future.done()]
            for group in self._groups(waiting):
                self._pass(group)
            with self._changed:
                self._jobs = [job for job in self._jobs if not job.future.done()]

    def _groups(self, jobs: list[Job]) -> list[list[Job]]:
        """Jobs whose next passes are one forward pass."""
        groups = group_passes([_pending(job) for job in jobs], self._backend.shared_tokens)
        return [[jobs[i] for i in group] for group in groups]

    def _pass(self, jobs: list[Job]) -> None:
        """Run one forward pass for ``jobs`` and advance each of them; those cancelled by now leave
        at the next turn."""
        with self._changed:
            jobs = [job for job in jobs if not job.cancelled]
            # A pass that serves others too is not interrupted for the sake of one.
            self._current = jobs[0] if len(jobs) == 1 else None
        if not jobs:
            return
        batches = [_pending(job) for job in jobs]
        try:
            found = split(self._backend.predict(collate(batches, self._backend.join)), batches)
        except BaseException as exc:
            if len(jobs) == 1:
                self._settle(jobs[0], exc)
            else:  # one bad request fails alone
                for job in jobs:
                    self._pass([job])
            return
        finally:
            with self._changed:
                self._current = None
        for job, predictions in zip(jobs, found, strict=True):
            self._advance(job, predictions)

    def _advance(self, job: Job, predictions: Predictions | None) -> None:
        """Send a request what it asked for (or start it) and take what it asks for next."""
        try:
            if job.cancelled:
                raise CancelledError
            job.pending = next(job.run) if predictions is None else job.run.send(predictions)
        except StopIteration as stop:
            _tell(job, partial(job.future.set_result, stop.value))
        except BaseException as exc:  # of a request, that may be SystemExit, too
            self._settle(job, exc)

    def _settle(self, job: Job, exc: BaseException) -> None:
        """End a request with an error."""
        if job.cancelled:  # an interrupted pass ends with the runtime's own error
            exc = CancelledError()
        elif not isinstance(exc, EngineError):
            logger.error("A request failed: %s", type(exc).__name__)
        if not isinstance(exc, Exception):  # one who waits for an answer must not be made to exit
            exc = EngineError(f"The request could not be answered ({type(exc).__name__}).")
        try:
            job.run.close()
        finally:
            _tell(job, partial(job.future.set_exception, exc))


def _tell(job: Job, settle: Callable[[], None]) -> None:
    """End a request; whoever is told may raise anything, and the thread goes on all the same."""
    if not job.future.done():
        try:
            settle()
        except BaseException as exc:
            logger.error("Somebody who was told of an answer failed: %s", type(exc).__name__)


def _pending(job: Job) -> Batch:
    assert job.pending is not None, "a started request waits for a pass"
    return job.pending
