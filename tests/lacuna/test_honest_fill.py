"""``lacuna fill`` writes what is likely right, says how likely it is, and names what it leaves
open."""

import json
import shutil
import subprocess

import pytest

from tests.lacuna.test_cli import lacuna, refused

SURE = """class Box:
    def __init__(self, width, height):
        self.width = width
        self.height = ____
"""
UNSURE = "def add(a, b):\n    return ____\n"


@pytest.fixture
def written(tmp_path):
    """Writes a text into a file and says where it is."""

    def write(text, name="a.py"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_a_sure_answer_is_written_with_its_confidence_and_the_diff_can_be_applied(written):
    path = written(SURE)
    status, out, err = lacuna("fill", path)
    assert (
        status == 0
        and "@@ # 85 %\n" in out
        and "+        self.height = height\n" in out
        and "1 blank filled" in err
    )
    if shutil.which("patch"):
        done = subprocess.run(["patch", str(path)], input=out.encode(), capture_output=True)
        assert done.returncode == 0 and path.read_text() == SURE.replace("____", "height")


def test_an_unsure_answer_leaves_the_blank_open_and_is_told_as_a_guess(written):
    path = written(UNSURE)
    status, out, err = lacuna("fill", path, "--write")
    assert status == 3 and out == "" and path.read_text() == UNSURE
    assert "0 of 1 blanks filled" in err and "left open 2:12, best guess '" in err and " %)" in err


def test_json_says_which_blanks_are_filled_and_why_others_are_not(written):
    status, out, _ = lacuna("fill", written(SURE + UNSURE), "--json")
    result = json.loads(out)
    assert status == 3 and result["text"] == SURE.replace("____", "height") + UNSURE
    first, second = result["spans"]
    assert (first["filled"], first["withheld"], first["confidence"]) == (True, None, 0.85)
    assert (
        second["filled"] is False
        and second["withheld"] in ("loop", "syntax", "low_confidence")
        and second["text"]
    )


def test_zero_writes_everything_and_one_nothing(written):
    path = written(SURE + UNSURE)
    status, out, _ = lacuna("fill", path, "--json", "--min-confidence", "0")
    assert status == 0 and all(span["filled"] for span in json.loads(out)["spans"])
    status, out, _ = lacuna("fill", path, "--json", "--min-confidence", "1")
    assert status == 3 and not any(span["filled"] for span in json.loads(out)["spans"])


def test_a_confidence_that_is_none_is_refused(written):
    status, _, err = lacuna("fill", written(SURE), "--min-confidence", "1.5")
    assert status == 2 and "Traceback" not in err
    assert "no file" in refused("fill", "nothing.py", "--min-confidence", "0.5")


def test_json_files_are_not_broken(written):
    text = '{\n  "files": [\n    "a.txt",\n    "b.txt",\n    ____\n  ]\n}\n'
    status, out, _ = lacuna("fill", written(text, "a.json"), "--json", "--min-confidence", "0.05")
    [span] = json.loads(out)["spans"]
    assert status == (0 if span["filled"] else 3)
    assert not span["filled"] or json.loads(json.loads(out)["text"])
