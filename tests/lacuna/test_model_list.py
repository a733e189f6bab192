"""``lacuna models``: the licence of a model is what its README states."""

import pytest

from engine import MINI
from lacuna.commands.models import licence_of


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: en\nlicense: mit\ntags: []\n---\n# Model\n", "mit"),
        ("---\nlicense: 'apache-2.0'\n---\n", "apache-2.0"),
        ("# Model\n\n| | |\n|---|---|\n| size | 1 |\n| Licence | CC BY 4.0 |\n", "CC BY 4.0"),
        ("# Model\n\nIts license: see elsewhere.\n", ""),
        ("---\nlicense: \x1b[31m\n---\n", ""),
    ],
)
def test_the_licence_is_read_from_the_head_of_a_card_or_from_its_table(card, licence, tmp_path):
    (tmp_path / "README.md").write_text(card, "utf-8")
    assert licence_of(tmp_path) == licence


def test_a_folder_without_a_readme_states_none(tmp_path):
    assert licence_of(tmp_path) == ""


def test_the_bundled_model_states_its_licence():
    assert licence_of(MINI) == "Apache-2.0"
