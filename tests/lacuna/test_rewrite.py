"""`lacuna rewrite` and `lacuna before` in a subprocess."""

import json

import pytest

from tests.lacuna.chat_model import make_chat_model
from tests.lacuna.test_cli import lacuna, refused

TEXT = "def area(width, height):\n    # compute the area\n    return width * height\n"


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "area.py"
    path.write_text(TEXT)
    return path


def test_a_selection_is_rewritten_with_the_words_that_were_kept(code, tmp_path):
    (tmp_path / "other.py").write_text("def area_of(box):\n    return box.width * box.height\n")
    arguments = (
        "--span",
        "3:5-3:26",
        "--keep",
        "return",
        "--keep",
        "height",
        "--related",
        tmp_path / "other.py",
    )
    status, out, _ = lacuna("rewrite", code, *arguments, "--json")
    result = json.loads(out)
    [span] = result["spans"]
    assert (
        status == 0 and "return" in span["text"] and "height" in span["text"].split("return", 1)[1]
    )
    assert (
        result["text"] == TEXT[: span["start"]] + span["text"] + TEXT[span["end"] :]
        and code.read_text() == TEXT
    )
    assert lacuna("rewrite", code, "--span", "3:5-3:26", "--write")[0] == 0
    assert code.read_text() != TEXT and code.read_text().startswith(TEXT[: span["start"]])


def test_strength_changes_a_part_only(code):
    status, out, err = lacuna("rewrite", code, "--span", "1:1-3:26", "--strength", "0.2")
    assert status == 0 and "selection rewritten in" in err and out.startswith("---")


def test_before_writes_in_front_of_a_position(code):
    status, out, _ = lacuna("before", code, "--at", "1:1", "--tokens", "10", "--json")
    result = json.loads(out)
    assert status == 0 and result["spans"][0]["tokens"] == 10 and result["text"].endswith(TEXT)


@pytest.mark.slow
def test_an_instruct_checkpoint_follows_an_instruction(code, tmp_path, raw_tokenizer):
    model = make_chat_model(tmp_path / "model", raw_tokenizer)
    status, out, err = lacuna(
        "rewrite",
        code,
        "--span",
        "2:5-2:23",
        "--instruction",
        "Shorter.",
        "--model",
        model,
        "--json",
    )
    assert status == 0, err
    result = json.loads(out)
    assert result["text"].startswith(TEXT[:25]) and result["text"].endswith(
        "\n    return width * height\n"
    )


def test_what_cannot_be_done_is_said_in_a_sentence(code):
    assert "no instructions" in refused(
        "rewrite", code, "--span", "2:5-2:23", "--instruction", "Shorter."
    )
    assert "strength" in refused("rewrite", code, "--span", "2:5-2:23", "--strength", "0")
    assert "select what" in refused("rewrite", code, "--span", "2:5-2:5")
    assert "in front of some text" in refused("before", code, "--at", "4:1")
    assert "no file" in refused("before", code, "--at", "1:1", "--related", "nowhere.py")
