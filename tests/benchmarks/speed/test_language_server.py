"""The benchmark of the language server measures what it says: every kind, idle and while a fill
runs."""

import pytest

from benchmarks.speed.language_server import measure


@pytest.mark.slow
def test_every_kind_of_request_is_timed_in_a_long_document():
    report = measure(2)
    kinds = ("code_action", "code_lens", "diagnostic", "typed_through")
    assert {
        f"{state}_{kind}_p95_ms" for state in ("idle", "filling") for kind in kinds
    } < report.keys()
    assert (
        report["cancel_to_reply_p95_ms"] < 5000
        and report["rss_mb"] > 50
        and report["initialize_ms"] > 10
    )
