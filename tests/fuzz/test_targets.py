"""Every target of ``make fuzz`` over its seeds, what once failed, and a little of what hypothesis
makes of them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, run, seeds

CALM = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_former_failures_pass(name):
    for data in seeds(name):
        run(name, data)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_with_a_piece_exchanged_pass(name):
    starts = seeds(name)

    @CALM
    @given(
        st.integers(0, len(starts) - 1), st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40)
    )
    def check(number, share, removed, added):
        data = starts[number]
        at = int(share * len(data))
        run(name, data[:at] + added + data[at + removed :])

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_of_any_kind_pass(name):
    @CALM
    @given(st.binary(max_size=400))
    def check(data):
        run(name, data)

    check()
