"""Cut-outs and the figures made of them."""

import json

import pytest

from benchmarks.infill_cases import Document, cut_cases, read_documents
from benchmarks.quality import Outcome, judge, summarise
from engine import Engine

TEXT = "import os\n\n\ndef area(width, height):\n    return width * height\n\n\nprint(area(2, 3), os.name)\n"
DOCUMENTS = [Document(TEXT * 4, f"package{i % 3}", f"file{i}.py") for i in range(9)]


@pytest.mark.parametrize("kind", ["line", "piece"])
def test_cases_are_drawn_by_seed_and_hold_what_they_say(kind):
    cases = cut_cases(DOCUMENTS, kind, 60, 1)
    assert cases == cut_cases(DOCUMENTS, kind, 60, 1) != cut_cases(DOCUMENTS, kind, 60, 2)
    assert len(cases) == 60
    for case in cases:
        before, after = case.line
        assert "\n" not in case.answer and case.answer == case.answer.strip() != ""
        if kind == "line":
            assert not before.strip() and not after.strip()
            assert sum(not c.isspace() for c in case.answer) >= 8
        else:
            assert 4 <= len(case.answer) <= 12


def test_documents_are_read_from_plain_and_compressed_files(tmp_path):
    import zstandard

    line = json.dumps({"text": "x", "source": "s", "path": "p"}) + "\n"
    (tmp_path / "a.jsonl").write_text(line * 2)
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(line.encode() * 3))
    assert read_documents(tmp_path / "a.jsonl") == [Document("x", "s", "p")] * 2
    assert len(read_documents(tmp_path / "b.jsonl.zst")) == 3


def outcome(both, before, group):
    return Outcome(both, before, before, both, 0.5, 10.0, group, "", before, 0.5)


def test_the_ratio_and_its_bounds_come_from_the_rates():
    outcomes = [outcome(i % 2 == 0, i % 4 == 0, f"g{i % 10}") for i in range(400)]
    report = summarise(outcomes, "piece", 0)
    assert (report["exact_match_both"], report["exact_match_before_only"], report["ratio"]) == (0.5, 0.25, 2.0)
    assert report["ratio_low"] <= 2.0 <= report["ratio_high"] and report["groups"] == 10


def test_bounds_are_wider_when_cases_of_a_group_agree():
    apart = [outcome(i % 2 == 0, i % 4 == 0, f"g{i // 4}") for i in range(400)]
    together = [outcome(i < 200, i < 100, f"g{i // 40}") for i in range(400)]
    near, wide = (summarise(o, "piece", 0) for o in (apart, together))
    spread = [r["exact_match_both_high"] - r["exact_match_both_low"] for r in (near, wide)]
    assert spread[1] > 2 * spread[0]


def test_a_case_is_judged_with_the_bundled_model():
    case = cut_cases(DOCUMENTS, "piece", 1, 0)[0]
    with Engine() as engine:
        found = judge(engine, case)
    assert found.both == (found.answer == case.answer) and 0 < found.confidence <= 1 and found.ms > 0
