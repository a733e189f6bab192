"""Cases of fresh packages: the same every time, true to their text, spread over packages."""

import json
from collections import Counter

import pytest

from benchmarks.fresh import __main__ as command
from benchmarks.fresh.cases import KINDS, fresh_cases, fresh_joint_cases
from benchmarks.infill_cases import HeldOutDocument, read_documents


def document(package, number, functions):
    text = "".join(
        f"def {package}_{number}_{n}(width, height):\n"
        f"    area = width * height + {n}\n"
        f"    return {{'area': area, 'number': {n}}}\n\n\n"
        for n in range(functions)
    )
    return HeldOutDocument(text, package, f"{package}/{number}.py")


DOCUMENTS = [
    *[document("large", n, 300) for n in range(6)],
    document("middle", 0, 40),
    document("small", 0, 6),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_package_gives_no_more_than_the_others(kind):
    cases = fresh_cases(DOCUMENTS, kind, 30)
    assert len(cases) == 30
    assert max(Counter(case.group for case in cases).values()) <= 12
    assert {case.group for case in cases[:3]} == {"large", "middle", "small"}


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_draws_the_same_cases_and_another_draws_others(kind):
    assert fresh_cases(DOCUMENTS, kind, 12) == fresh_cases(list(DOCUMENTS), kind, 12)
    assert fresh_cases(DOCUMENTS, kind, 12) != fresh_cases(DOCUMENTS, kind, 12, seed=7)


def test_answers_are_what_their_kind_says():
    for case in fresh_cases(DOCUMENTS, "piece", 40):
        assert 4 <= len(case.answer) <= 12 and "\n" not in case.answer
    for case in fresh_cases(DOCUMENTS, "rest", 40):
        assert case.answer.strip() and case.line[1] == ""
    for case in fresh_cases(DOCUMENTS, "line", 40):
        assert not case.line[0].strip() and case.line[1] == ""
    for case in fresh_cases(DOCUMENTS, "lines", 40):
        assert 1 <= case.answer.count("\n") <= 3


def test_a_rest_is_not_the_end_of_a_line_that_is_asked_for_whole():
    packages = [document(f"package{n}", 0, 60) for n in range(12)]
    asked = {}
    for kind in ("rest", "line"):
        cases = fresh_cases(packages, kind, 12)
        asked[kind] = {(case.path, case.answer.join(case.line)) for case in cases}
    assert len(asked["rest"] & asked["line"]) < 3


def test_windows_of_several_blanks_have_two_to_four_apart_from_each_other():
    cases = fresh_joint_cases(DOCUMENTS, "rest", 30)
    assert Counter(len(case.ranges) for case in cases) == {2: 10, 3: 10, 4: 10}
    for case in cases:
        ends = [0, *(end for _, end in case.ranges)]
        assert all(start >= end for (start, _), end in zip(case.ranges, ends, strict=False))
        assert all(case.text[start:end].strip() for start, end in case.ranges)


def test_long_documents_give_windows_of_several_blanks_too():
    cases = fresh_joint_cases(DOCUMENTS[:1], "piece", 12)
    assert len(DOCUMENTS[0].text) > 30_000 and len(cases) == 12
    assert len({case.text for case in cases}) > 3


def test_the_command_writes_what_the_functions_draw(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "fresh_documents", lambda language, use: DOCUMENTS)
    assert command.main([str(tmp_path), "--use", "development", "--count", "9"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "cases-rest.jsonl").read_text().splitlines()]
    drawn = fresh_cases(DOCUMENTS, "rest", 9)
    assert [row["text"][row["start"] : row["end"]] for row in rows] == [c.answer for c in drawn]
    assert rows[0].keys() == {"text", "start", "end", "group", "path"}
    assert "cases-blanks-piece.jsonl: 9" in capsys.readouterr().out
    assert read_documents(tmp_path / "documents.jsonl") == DOCUMENTS


def test_no_cases_at_all_are_refused_with_the_way_out(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path), "--count", "0"])
    assert "use 1 or more" in capsys.readouterr().err


def test_a_download_that_fails_is_one_sentence_and_status_2(tmp_path, monkeypatch, capsys):
    def fail(language, use):
        raise ValueError("pip could not fetch the fresh packages: no network")

    monkeypatch.setattr(command, "fresh_documents", fail)
    assert command.main([str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == "pip could not fetch the fresh packages: no network\n"
    assert not (tmp_path / "out").exists()
