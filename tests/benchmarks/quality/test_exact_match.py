"""Cut-outs and the figures made of them."""

import json

import msgspec
import pytest
import torch

from benchmarks.infill_cases import Case, HeldOutDocument, cut_cases, read_documents
from benchmarks.quality.exact_match import JudgedCase, judge, summarise
from benchmarks.quality.twin import twin_answers
from engine import Engine
from engine.network.checkpoint import save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from engine.text.tokenizer import TextTokenizer

TEXT = "import os\n\n\ndef area(width, height):\n    return width * height\n\n\nprint(area(2, 3), os.name)\n"
DOCUMENTS = [HeldOutDocument(TEXT * 4, f"package{i % 3}", f"file{i}.py") for i in range(9)]


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


def test_sentences_are_cut_whole_and_few_documents_give_many_cases():
    prose = [
        HeldOutDocument(
            "The house was old. Nobody had lived in it for years! Was it haunted at all? " * 40,
            "book",
            "1",
        )
    ]
    for kind, ends in (("sentence", 1), ("sentences", 2)):
        cases = cut_cases(prose, kind, 15, 0)
        assert len({case.start for case in cases}) == len(cases) == 15
        assert all(
            sum(case.answer.count(mark) for mark in ".!?") == ends and case.answer[-1] in ".!?"
            for case in cases
        )


def test_documents_are_read_from_plain_and_compressed_files(tmp_path):
    import zstandard

    line = json.dumps({"text": "x", "source": "s", "path": "p"}) + "\n"
    (tmp_path / "a.jsonl").write_text(line * 2)
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(line.encode() * 3))
    assert read_documents(tmp_path / "a.jsonl") == [HeldOutDocument("x", "s", "p")] * 2
    assert len(read_documents(tmp_path / "b.jsonl.zst")) == 3


def judged(both, before, group):
    case = Case("abc", 0, 3, group)
    answers = {
        "system": both,
        "both": both,
        "before_only": before,
        "both_given_length": both,
        "before_only_given_length": before,
    }
    texts = {way: "abc" if right else "abd" for way, right in answers.items()}
    return JudgedCase(case, texts, 0.5, 10.0, begins=before)


def test_the_ratio_and_its_bounds_come_from_the_rates():
    report = summarise(
        [judged(i % 2 == 0, i % 4 == 0, f"g{i % 10}") for i in range(400)], "piece", 0
    )
    assert (report["exact_match_both"], report["exact_match_before_only"]) == (0.5, 0.25)
    assert (
        report["ratio_both_to_before_only"] == report["ratio_both_to_begins"] == 2.0
        and report["groups"] == 10
    )
    assert (
        report["ratio_both_to_before_only_low"] <= 2.0 <= report["ratio_both_to_before_only_high"]
    )
    assert report["edit_similarity_both"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-3)


def test_bounds_are_wider_when_cases_of_a_group_agree():
    apart = [judged(i % 2 == 0, i % 4 == 0, f"g{i // 4}") for i in range(400)]
    together = [judged(i < 200, i < 100, f"g{i // 40}") for i in range(400)]
    near, wide = (summarise(cases, "piece", 0) for cases in (apart, together))
    spread = [r["exact_match_both_high"] - r["exact_match_both_low"] for r in (near, wide)]
    assert spread[1] > 2 * spread[0]


def test_a_ratio_to_what_never_succeeds_is_infinite():
    report = summarise([judged(i % 2 == 0, False, f"g{i % 5}") for i in range(50)], "line", 0)
    assert (
        report["ratio_both_to_before_only"] == float("inf")
        and report["ratio_both_to_before_only_low"] > 1
    )


def test_a_twin_without_the_suffix_goes_on_inside_a_word(
    config, tokenizer_file, tmp_path, monkeypatch
):
    model = MaskPredictor(msgspec.structs.replace(config, causal=True, context_attention="full"))
    save_checkpoint(model, tmp_path, tokenizer_file)
    tokenizer = TextTokenizer(tmp_path / "tokenizer.json")
    text = "    return width\n"
    cases = [
        Case(text, at, len(text) - 1, "p") for at in (6, 8, 11)
    ]  # "re", "retu" and "return " stand before
    first, second = (tokenizer.encode(part) for part in (" return", " width"))
    seen = []

    def truth(_, prompts, count, end_id, allowed):
        answers = []
        for row, prompt in enumerate(prompts):
            seen.append(tokenizer.decode(prompt))
            answers.append(list(second if seen[-1].endswith("return") else first + second))
            choice = allowed(row, [])
            assert choice[answers[-1][0]] and not choice[tokenizer.encode("=")[0]]
            assert allowed(row, answers[-1]) is None
        return answers

    monkeypatch.setattr("benchmarks.quality.twin.continue_greedily", truth)
    found = twin_answers(tmp_path, cases, 200, fim=False)
    assert [answers["twin_before_only_given_length"] for answers in found] == [
        "turn width",
        "rn width",
        "width",
    ]
    assert sorted(seen) == ["   ", "   ", "    return"]


def test_a_case_is_judged_with_the_bundled_model():
    case = cut_cases(DOCUMENTS, "piece", 1, 0)[0]
    with Engine() as engine:
        found = judge(engine, case)
    assert set(found.answers) == {
        "system",
        "both",
        "both_given_length",
        "before_only",
        "before_only_given_length",
    }
    with Engine() as engine:
        assert set(judge(engine, case, one_sided=False).answers) == {
            "system",
            "both",
            "both_given_length",
        }
    assert (
        found.exact("both") == (found.answers["both"] == case.answer)
        and 0 < found.confidence <= 1
        and found.ms > 0
    )


def test_a_twin_answers_every_case_and_another_model_is_refused(config, tokenizer_file, tmp_path):
    for name, causal in (("twin", True), ("llada", False)):
        model = MaskPredictor(
            msgspec.structs.replace(config, causal=causal, context_attention="full")
        )
        init_weights(model, torch.Generator().manual_seed(0))
        save_checkpoint(model, tmp_path / name, tokenizer_file)
    cases = cut_cases(DOCUMENTS, "piece", 3, 0) + cut_cases(DOCUMENTS, "lines", 2, 0)
    twin = tmp_path / "twin"
    found = twin_answers(twin, cases, 200)
    assert all(
        set(answers) == {f"twin{w}{g}" for w in ("", "_before_only") for g in ("", "_given_length")}
        for answers in found
    )
    assert all("\n" not in answers["twin"] for answers in found[:3])
    assert all(
        set(a) == {f"twin_before_only{g}" for g in ("", "_given_length")}
        for a in twin_answers(twin, cases, 200, False)
    )
    with pytest.raises(ValueError, match="not an autoregressive model"):
        twin_answers(tmp_path / "llada", cases, 200)
