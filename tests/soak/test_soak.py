"""Under load with faults nothing is lost and nothing is kept: two minutes here, half an hour by
`make soak`."""

import os

import pytest

from tests.soak.resources import Sample, summary
from tests.soak.soak import soak

MINUTES = float(os.environ.get("LACUNA_SOAK_MINUTES", "2"))
GROWTH_MB = 25.0
"""Of memory at rest, in so short a run: allocators keep some of what a burst needed."""


@pytest.mark.slow
def test_after_every_burst_what_was_taken_is_given_back(tmp_path):
    report = soak(MINUTES, tmp_path)
    for process in ("lsp", "http"):
        held = report[process]
        assert held["growth_mb"] < max(GROWTH_MB, held["plus_or_minus"] * MINUTES / 60)
        before, after = held["threads"]
        assert after <= before
        before, after = held["files"]
        assert after <= before + 2
    assert report["http"]["left_over"] == 0.0
    assert report["lsp"]["exit_status"] == 0
    assert report["lsp"]["outcomes"]["answered"] > 20 and report["http"]["outcomes"]["200"] > 20


def test_growth_is_told_from_noise():
    flat = [Sample(60.0 * i, 300.0 + (-1) ** i, 9, 20) for i in range(40)]
    grows = [Sample(60.0 * i, 300.0 + i + (-1) ** i, 9, 20) for i in range(40)]
    assert abs(summary(flat)["mb_an_hour"]) <= summary(flat)["plus_or_minus"]
    assert summary(grows)["mb_an_hour"] == pytest.approx(60, abs=2)
    assert summary(grows)["mb_an_hour"] > summary(grows)["plus_or_minus"]
