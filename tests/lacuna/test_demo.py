"""`make demo`: the bundled model fills the blanks of the examples as a person would."""

import json
from pathlib import Path

import pytest

from tests.lacuna.test_cli import lacuna

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("inventory.py", ["self.quantity", "item", "self.items", "item"]),
        ("letter.md", ["your", {"her", "my", "the", "your"}, {"end", "beginning"}, None, None]),
    ],
)
def test_the_blanks_of_the_examples_are_filled_as_a_person_would(name, answers):
    arguments = ("--min-confidence", "0", "--json", "--model", "base")
    status, out, err = lacuna("fill", EXAMPLES / name, *arguments)
    assert status == 0, err
    result = json.loads(out)
    assert result["model"] == "lacuna-base"
    texts = [span["text"].strip() for span in result["spans"]]
    assert len(texts) == len(answers) and all(texts)
    for text, answer in zip(texts, answers, strict=True):
        if isinstance(answer, set):
            assert text in answer
        elif answer is not None:
            assert text == answer
        else:
            assert text.isalpha(), "one word fits here"
