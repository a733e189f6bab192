"""Mutation testing has something to change, and changes properties like other methods."""

import pytest

from tests.mutants.run import PARTS, ROOT, plain_properties

DECORATED = """class Box:
    @property
    def width(self) -> int:
        return 2

    @property
    # A comment between them.
    def area(self) -> int:
        return self.width * 3

    @staticmethod
    def other() -> int:
        return 4
"""


def test_a_property_is_one_without_its_decorator():
    code = plain_properties(DECORATED)
    namespace = {}
    exec(code, namespace)
    box = namespace["Box"]()
    assert "@property" not in code and (box.width, box.area, box.other()) == (2, 6, 4)


@pytest.mark.parametrize("part", PARTS)
def test_what_a_part_names_is_there(part):
    for pattern in PARTS[part]["mutate"]:
        assert list(ROOT.glob(pattern)), pattern
    for path in PARTS[part]["tests"]:
        assert (ROOT / path).exists(), path
