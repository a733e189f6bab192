"""A pytest plugin for mutation testing: the same examples every time, and one that fails is not made
smaller. Only whether a test fails matters."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=50,
    phases=(Phase.explicit, Phase.generate),
)


def pytest_configure() -> None:
    settings.load_profile("mutants")
