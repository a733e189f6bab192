"""The benchmarks of speed: they compare like with like and report what they measured. No time is
judged here."""

import numpy as np
import pytest

from benchmarks.fitting import decoding_rules as decoding
from benchmarks.fitting.decoding_rules import PUBLISHED, Variant, compare_rules, fastest, variants
from benchmarks.peers.same_weights import LENGTH, compare_with_peers
from benchmarks.speed.keystrokes import next_keystrokes
from benchmarks.speed.latency import library_cases
from benchmarks.speed.roofline import ceiling_share
from benchmarks.speed.throughput import AT_ONCE, throughput
from engine import MINI, Engine, SamplerOptions


@pytest.mark.slow
def test_every_peer_is_timed_on_the_same_cases():
    report = compare_with_peers(MINI, library_cases(2), slow=1)
    assert report["places"] == 2 and report["slow_places"] == 1 and LENGTH == 32
    for name in (
        "llada_same_graph",
        "llada_torch",
        "fast_dllm",
        "ar_twin",
        "ar_twin_next_keystroke",
    ):
        assert report[f"{name}_ms"] > 0 and report[f"speedup_vs_{name}"] > 0


@pytest.mark.slow
def test_keystrokes_and_requests_at_once_are_measured_with_the_same_answers_in_view():
    with Engine() as engine:
        report = next_keystrokes(engine, library_cases(2))
        assert report["keystrokes"] > 2 and 0 <= report["keystroke_same_text"] <= 1
        assert set(throughput(engine, library_cases(AT_ONCE))) == {
            "throughput_8_vs_1",
            "fills_per_s_8_at_once",
        }


@pytest.mark.slow
def test_the_share_of_the_ceiling_is_of_one_run():
    report = ceiling_share(MINI)
    assert report["int8_ceiling_share"] == pytest.approx(
        report["int8_gops"] / report["int8_ceiling_gops"], rel=0.05
    )


def test_rules_are_compared_with_one_token_a_step_and_the_fastest_costs_nothing(monkeypatch):
    rules = {
        "one by one": Variant(decoding.ONE_BY_ONE),
        "4 steps": Variant(SamplerOptions(steps=4, repairs=0)),
    }
    monkeypatch.setattr(decoding, "variants", lambda asked: rules)
    done = []
    with Engine() as engine:
        report = compare_rules(engine, library_cases(6), False, (), lambda: done.append(1))
    assert (
        len(done) == 2
        and report["one by one"]["difference"] == 0
        and report["one by one"]["same_text"] == 1
    )
    assert report["4 steps"]["passes"] < report["one by one"]["passes"]
    costly = {**report, "wild": {**report["4 steps"], "exact_match": -1.0, "passes": 0.1}}
    assert fastest(costly) == fastest(report) != "wild"


def test_every_variant_is_a_rule_that_the_sampler_takes():
    every = variants(tuple(PUBLISHED))
    assert len(every) == len(set(map(str, every.values()))) > 10
    assert all(np.isfinite(variant.options.threshold) for variant in every.values())
