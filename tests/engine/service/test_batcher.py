"""Requests share one thread, a step at a time."""

import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from engine.backends.interface import Batch, Predictions
from engine.base.errors import EngineUnavailable
from engine.service.batcher import Batcher, Priority

ONE = np.zeros((1, 1), np.int64)
BATCH = Batch(ONE, ONE, ONE, np.ones((1, 4), bool), ONE)


class Gate:
    """A backend whose passes wait for the test."""

    name = "gate"
    shared_tokens = 512

    def __init__(self):
        self.entered, self.go, self.interrupted = threading.Semaphore(0), threading.Semaphore(0), 0

    def predict(self, batch):
        self.entered.release()
        assert self.go.acquire(timeout=10)
        ids = np.zeros_like(batch.input_ids)
        numbers = ids.astype(np.float32)
        return Predictions(ids[..., None], numbers[..., None], numbers, numbers)

    def join(self, contexts):
        raise AssertionError("these passes have no context")

    def interrupt(self):
        self.interrupted += 1


def steps(count, log, name):
    try:
        for _ in range(count):
            yield BATCH
            log.append(name)
        return name
    finally:
        log.append(f"end {name}")


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def batcher(gate):
    batcher = Batcher(gate)
    yield batcher
    for _ in range(100):
        gate.go.release()
    batcher.close()


def test_an_interactive_request_overtakes_a_long_command(gate, batcher):
    log = []
    command = batcher.submit(steps(50, log, "command"))
    assert gate.entered.acquire(timeout=10)
    keystroke = batcher.submit(steps(2, log, "key"), Priority.INTERACTIVE)
    for _ in range(3):
        gate.go.release()
    assert keystroke.future.result(timeout=10) == "key"
    assert log[: log.index("end key")].count("command") <= 1
    assert not command.future.done()


def test_equal_requests_take_turns(gate, batcher):
    log = []
    for _ in range(8):
        gate.go.release()
    jobs = [batcher.submit(steps(3, log, name)) for name in ("a", "b")]
    assert [job.future.result(timeout=10) for job in jobs] == ["a", "b"]
    assert log.index("b") < log.index("end a")


def test_a_cancelled_request_leaves_within_one_step(gate, batcher):
    log = []
    job = batcher.submit(steps(50, log, "a"))
    assert gate.entered.acquire(timeout=10)
    batcher.cancel(job)
    assert gate.interrupted == 1
    gate.go.release()
    with pytest.raises(CancelledError):
        job.future.result(timeout=10)
    assert log.count("a") <= 1 and log[-1] == "end a"


def test_a_closed_engine_refuses_requests(gate):
    batcher = Batcher(gate)
    batcher.close()
    with pytest.raises(EngineUnavailable, match="stopped"):
        batcher.submit(steps(1, [], "a"))


def test_closing_ends_what_runs(gate):
    batcher = Batcher(gate)
    job = batcher.submit(steps(50, [], "a"))
    assert gate.entered.acquire(timeout=10)
    gate.go.release()
    gate.go.release()
    closer = threading.Thread(target=batcher.close)
    closer.start()
    for _ in range(60):
        gate.go.release()
    closer.join(timeout=10)
    assert job.future.done()
