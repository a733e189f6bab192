"""A deadline passes when someone looks at the clock after it."""

from engine.base.deadline import Deadline


def test_it_has_passed_once_it_was_seen_to():
    now = [10.0]
    deadline = Deadline.after(500, now[0], lambda: now[0])
    assert not deadline.expired() and deadline.left_ms == 500
    now[0] = 10.6
    assert not deadline.passed and deadline.expired() and deadline.passed and deadline.left_ms == 0


def test_none_never_comes():
    deadline = Deadline.after(None, 0.0, lambda: 1e9)
    assert not deadline.expired() and deadline.left_ms is None
