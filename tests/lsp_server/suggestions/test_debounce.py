"""When a suggestion nobody asked for is shown, with a clock of the test's own."""

import pytest

from lsp_server.suggestions.debounce import LONGEST_S, SHORTEST_S, Debounce


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def typing():
    """Type with a rhythm; returns the pace and its clock."""

    def typed(gap, keys=10):
        clock = Clock()
        pace = Debounce(clock)
        for _ in range(keys):
            clock.now += gap
            pace.edited(None, 0, 0, "x")
        return pace, clock

    return typed


def wait(pace, delay="adaptive", before="x =", accepted=0.5, engine=0.0):
    return pace.wait_s(delay, before, accepted, engine)


def test_a_fixed_delay_counts_from_the_keystroke_and_the_engine_is_part_of_it(typing):
    pace, clock = typing(0.1)
    assert wait(pace, 250.0) == pytest.approx(0.25) and wait(
        pace, 250.0, engine=0.1
    ) == pytest.approx(0.15)
    clock.now += 0.2  # what the editor waited itself
    assert wait(pace, 250.0) == pytest.approx(0.05) and wait(pace, 0.0) == 0.0


def test_the_adaptive_delay_follows_rhythm_cursor_and_welcome(typing):
    slow, fast = typing(0.3)[0], typing(0.08)[0]
    assert wait(slow) > wait(fast)
    assert wait(fast, before="comp") > wait(fast, before="comp(")
    assert wait(fast, accepted=0.0) > wait(fast, accepted=0.9)
    assert wait(typing(0.001)[0]) == pytest.approx(SHORTEST_S)
    assert wait(typing(0.9)[0], before="a", accepted=0.0) == pytest.approx(LONGEST_S)


def test_pauses_are_no_rhythm_and_without_a_keystroke_nothing_waits(typing):
    steady, interrupted = typing(0.1)[0], typing(0.1)
    interrupted[1].now += 60.0
    interrupted[0].edited(None, 0, 0, "x")
    assert wait(interrupted[0]) == pytest.approx(wait(steady))
    assert wait(Debounce(Clock())) == 0.0
