"""Joint against sequential blanks, and sentences in both directions: the comparisons ask what they
claim to ask."""

import json

import numpy as np
import pytest

from benchmarks.infill_cases import HeldOutDocument
from benchmarks.quality.joint import JointCase, compare, joint_cases, one_after_another, together
from benchmarks.quality.prose.before import directions, triples
from engine import Engine
from engine.backends.fake import FakeBackend
from tests.lacuna.test_cli import lacuna, refused

TEXT = "".join(f"value_{i} = compute(width_{i}, height_{i})\n" for i in range(30))
DOCUMENTS = [HeldOutDocument(TEXT, f"package{i}", f"{i}.py") for i in range(3)]


def copying(config):
    """Writes the token that stands before the span."""
    return FakeBackend(lambda ids, positions, index: np.eye(512)[60] * 20)


@pytest.mark.parametrize("blanks", [2, 4])
def test_a_case_has_its_blanks_near_each_other_and_apart(blanks):
    cases = joint_cases(DOCUMENTS, "piece", blanks, 3, 0)
    assert cases
    for case in cases:
        assert len(case.ranges) == blanks and case.ranges[-1][1] - case.ranges[0][0] <= 700
        assert all(b[0] - a[1] >= 12 for a, b in zip(case.ranges, case.ranges[1:], strict=False))


def test_one_after_another_fills_each_gap_once_and_keeps_the_answers(config, tokenizer):
    case = JointCase("a = 11\nb = 22\nc = 33\n", ((4, 6), (11, 13), (18, 20)), "g", "x.txt")
    backend = copying(config)
    with Engine.with_backend(config, tokenizer, backend) as engine:
        answers = one_after_another(engine, case)
        contexts = [
            tokenizer.decode(b.input_ids[0].tolist()) for b in backend.batches if b.keep is not None
        ]
        assert len(together(engine, case)) == 3
    assert contexts[0] == "a = \nb = \nc = \n" and contexts[1] == f"a = {answers[0]}\nb = \nc = \n"
    assert contexts[2] == f"a = {answers[0]}\nb = {answers[1]}\nc = \n"


def test_exact_answers_are_counted_blank_by_blank(config, tokenizer, monkeypatch):
    cases = joint_cases(DOCUMENTS, "piece", 2, 3, 0)
    monkeypatch.setattr(
        "benchmarks.quality.joint.together",
        lambda engine, case: [case.text[a:b] for a, b in case.ranges],
    )
    with Engine.with_backend(config, tokenizer, copying(config)) as engine:
        report = compare(engine, cases)
    assert (
        report["together"] == 1.0
        and report["one_after_another"] == 0.0
        and report["difference"] == 1.0
    )
    assert report["blanks"] == 2 * len(cases)


def test_a_sentence_has_the_same_likelihood_on_both_sides_for_a_model_without_order(
    config, tokenizer
):
    prose = [
        HeldOutDocument("The house was old and nobody lived there. " * 40, f"book{i}", "")
        for i in range(4)
    ]
    cases = triples(prose, 3, 0)
    assert len(cases) == 3 and all(sentence.endswith("there.") for _, sentence, _, _ in cases)
    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with Engine.with_backend(config, tokenizer, backend) as engine:
        report = directions(engine, cases, 8, 0)
    assert report["forwards"] == pytest.approx(np.log(512), rel=1e-3) and report["ratio"] == 1.0


@pytest.mark.slow
def test_the_commands_print_a_table_and_a_json_line(tmp_path):
    rows = [json.dumps({"text": TEXT, "source": f"p{i}", "path": "a.py"}) + "\n" for i in range(4)]
    rows += [
        json.dumps({"text": "It was late and all the lamps were out. " * 30, "source": f"b{i}"})
        + "\n"
        for i in range(4)
    ]
    (tmp_path / "val.jsonl").write_text("".join(rows))
    for command, key in (("joint", "difference"), ("before", "ratio")):
        status, out, err = lacuna("eval", command, tmp_path / "val.jsonl", "--cases", "2")
        assert status == 0 and key in json.loads(out.splitlines()[-1]), err
    assert "2 to 8" in refused("eval", "joint", tmp_path / "val.jsonl", "--blanks", "1")
