"""What counts as deleted a moment ago: one rule for the gate and for suggestions typed along."""

import pytest

from engine import Deletion, was_deleted

GONE = (Deletion(text=".id", at=11),)


@pytest.mark.parametrize(
    ("answer", "at", "deleted"),
    [
        (".id", 11, True),
        (".id, 2", 11, True),
        (".id", 25, True),
        (".name", 11, False),
        (".id, 2", 25, False),
        ("", 11, False),
    ],
)
def test_at_its_offset_more_than_it_counts_and_elsewhere_only_itself(answer, at, deleted):
    assert was_deleted(answer, at, GONE) is deleted


def test_the_beginning_of_it_counts_unless_it_is_a_letter_of_a_word():
    gone = (Deletion(text="height + 1", at=4),)
    assert was_deleted("height", 4, gone) and was_deleted("he", 4, gone)
    assert not was_deleted("h", 4, gone)


def test_nothing_was_deleted_where_nothing_is_known():
    assert not was_deleted(".id", 11, ())
