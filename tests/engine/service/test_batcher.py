"""Requests share one thread, a step at a time."""

import os
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from engine.backends.interface import Batch, Predictions
from engine.base.errors import EngineError, EngineUnavailable
from engine.service.batcher import CROWD, Batcher, Priority

ONE = np.zeros((1, 1), np.int64)
BATCH = Batch(ONE, ONE, ONE, np.ones((1, 4), bool), ONE)


class Gate:
    """A backend whose passes wait for the test."""

    name = "gate"
    shared_tokens = 512

    def __init__(self):
        self.entered, self.go, self.interrupted = threading.Semaphore(0), threading.Semaphore(0), 0
        self.released = threading.Semaphore(0)

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

    def release(self):
        self.released.release()


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


def served(gate, batcher):
    """A request that comes later is answered."""
    gate.go.release()
    assert batcher.submit(steps(1, [], "later")).future.result(timeout=10) == "later"


@pytest.mark.parametrize(
    "fault", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, ValueError]
)
def test_whatever_a_request_raises_it_fails_alone(gate, batcher, fault):
    def broken():
        yield BATCH
        raise fault

    for _ in range(4):
        gate.go.release()
    with batcher._changed:  # both are there at the next turn
        wrong, right = batcher.submit(broken()), batcher.submit(steps(2, [], "right"))
    with pytest.raises((EngineError, MemoryError, ValueError)):
        wrong.future.result(timeout=10)
    assert right.future.result(timeout=10) == "right"
    served(gate, batcher)


@pytest.mark.parametrize("fault", [SystemExit, MemoryError])
def test_a_backend_that_raises_anything_fails_one_request(gate, batcher, fault, monkeypatch):
    def broken(batch):
        monkeypatch.undo()
        raise fault

    monkeypatch.setattr(gate, "predict", broken)
    with pytest.raises((EngineError, MemoryError)):
        batcher.submit(steps(1, [], "a")).future.result(timeout=10)
    served(gate, batcher)


def test_a_fault_between_requests_is_told_to_all_who_wait_and_the_next_is_served(
    gate, batcher, monkeypatch
):
    def broken(passes, shared):
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr("engine.service.batcher.group_passes", broken)
    with pytest.raises(EngineUnavailable, match="ask again"):
        batcher.submit(steps(1, [], "a")).future.result(timeout=10)
    served(gate, batcher)


@pytest.mark.parametrize("fault", [SystemExit, ValueError])
def test_who_is_told_of_a_result_may_fail_without_harm(gate, batcher, fault):
    def told(future):
        raise fault

    job, other = batcher.submit(steps(1, [], "a")), batcher.submit(steps(3, [], "b"))
    job.future.add_done_callback(told)
    gate.go.release(8)
    assert job.future.result(timeout=10) == "a"
    assert other.future.result(timeout=10) == "b"
    served(gate, batcher)


def test_a_thread_that_is_gone_is_started_again(gate, monkeypatch):
    monkeypatch.setattr(Batcher, "_work", lambda self: None)
    batcher = Batcher(gate)
    batcher._thread.join(timeout=10)
    monkeypatch.undo()
    assert not batcher._thread.is_alive()
    served(gate, batcher)
    batcher.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes that fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_is_told_rather_than_left_waiting(batcher):
    reading, writing = os.pipe()
    with batcher._changed:  # held by the parent, for ever as the child sees it
        child = os.fork()
        if child == 0:
            try:
                batcher.submit(steps(1, [], "a"))
            except EngineUnavailable as exc:
                os.write(writing, str(exc).encode())
            finally:
                os._exit(0)
    os.close(writing)
    assert b"forked" in os.read(reading, 1000)
    os.close(reading)
    os.waitpid(child, 0)


def test_after_a_burst_memory_is_given_back_once(gate, batcher, monkeypatch):
    monkeypatch.setattr("engine.service.batcher.REST_S", 0.01)
    for _ in range(100):
        gate.go.release()
    for count, released in ((2, False), (CROWD, True), (1, False)):
        with batcher._changed:  # all are there at the next turn
            jobs = [batcher.submit(steps(1, [], "a")) for _ in range(count)]
        assert [job.future.result(timeout=10) for job in jobs] == ["a"] * count
        assert gate.released.acquire(timeout=5 if released else 0.2) is released
