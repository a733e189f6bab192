"""What training text shares with an evaluation set."""

import gzip
import json

import pytest

from benchmarks.fresh.overlap import main, overlaps

FUNCTION = '''def has_close_elements(numbers, threshold):
    """Whether two numbers of the list are nearer to each other than the threshold."""
    for index, first in enumerate(numbers):
        for other, second in enumerate(numbers):
            if index != other and abs(first - second) < threshold:
                return True
    return False
'''
UNRELATED = "The whale is white and the sea is wide, and nobody aboard knows why it is so.\n" * 4


def test_a_copy_shares_everything_and_other_text_nothing():
    found = overlaps({"f": FUNCTION}, [("a", UNRELATED), ("copy", f"import os\n{FUNCTION}")])
    for overlap in found:
        assert overlap.worst() == [(1.0, "f", "copy")]
        counts = overlap.counts()
        assert counts["runs_shared"] == counts["runs"] > 40
        assert (counts["documents"], counts["documents_sharing"]) == (2, 1)
        assert counts["texts_60%"] == 1


def test_shares_are_of_one_document_and_runs_of_all():
    lines = FUNCTION.splitlines(keepends=True)
    halves = [("a", "".join(lines[:3])), ("b", "".join(lines[3:]))]
    [eight, thirteen] = overlaps({"f": FUNCTION}, halves)
    assert eight.counts()["texts_60%"] == 0 and eight.counts()["texts_30%"] == 1
    assert max(share for share, _, _ in eight.worst()) < len(eight.shared) / eight.runs < 1
    assert len(thirteen.shared) < len(eight.shared)


def test_a_run_that_two_texts_have_counts_for_both():
    [eight, _] = overlaps({"f": FUNCTION, "g": FUNCTION}, [("copy", FUNCTION)])
    assert eight.counts()["texts_sharing"] == 2 and eight.counts()["texts"] == 2


@pytest.fixture
def problems(tmp_path):
    head, _, body = FUNCTION.partition("    for")
    rows = [
        {
            "task_id": f"SingleLineInfilling/HumanEval/0/L{n}",
            "entry_point": "has_close_elements",
            "prompt": head,
            "canonical_solution": "    for",
            "suffix": body,
            "test": "",
        }
        for n in range(3)
    ]
    path = tmp_path / "problems.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


def test_the_command_counts_a_function_once_and_prints_a_line_for_each_length(
    problems, tmp_path, capsys
):
    text = tmp_path / "train.jsonl"
    record = {"text": FUNCTION, "source": "numbers", "path": "near.py"}
    text.write_text(json.dumps(record) + "\nnot json\n")
    assert main(["--humaneval", str(problems), str(text)]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert "100% of SingleLineInfilling/HumanEval/0 in numbers/near.py" in lines[0]
    assert [json.loads(line)["tokens"] for line in lines[-2:]] == [8, 13]
    assert json.loads(lines[-1])["texts"] == 1
    assert "1 records skipped" in printed.err


def test_a_missing_file_is_one_line_and_status_2(problems, tmp_path, capsys):
    assert main(["--humaneval", str(problems), str(tmp_path / "none.jsonl")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
