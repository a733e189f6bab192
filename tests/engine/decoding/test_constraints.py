"""Constraints are flags with names; every combination that a slot can have is a row of its own."""

import numpy as np
import pytest

from engine.decoding.constraints import CONTROL, Constraint, constraint_table

NEWLINE, BEGINS, ENDS, BOTH = 300, 301, 302, 303


@pytest.fixture
def table(config):
    return constraint_table(config, 510, suppressed=(400,), line_ends=np.array([NEWLINE]))


def marked(*ids):
    row = np.zeros(512, bool)
    row[list(ids)] = True
    return row


def test_the_first_row_is_what_the_product_may_emit(table, config):
    text = table.allowed[0]
    assert (text == table.row(Constraint.TEXT)).all() and text[NEWLINE]
    assert not text[
        [config.mask_token_id, config.expand_token_id, config.delete_token_id, 400, 510, 511]
    ].any()


def test_control_tokens_are_allowed_by_name(table, config):
    both = config.delete_token_id, config.expand_token_id
    assert [bool(table.row(Constraint.DELETE)[i]) for i in both] == [True, False]
    assert [bool(table.row(CONTROL | Constraint.SINGLE_LINE)[i]) for i in both] == [True, True]
    assert not table.row(CONTROL | Constraint.SINGLE_LINE)[NEWLINE]


def test_anything_holds_the_mask_token_but_nothing_suppressed(table, config):
    anything = table.row(Constraint.ANYTHING)
    assert anything[config.mask_token_id] and anything[511] and not anything[400]


@pytest.mark.parametrize(
    "base", [Constraint.TEXT, Constraint.DELETE, CONTROL | Constraint.SINGLE_LINE]
)
def test_beside_a_pin_no_token_joins_it(table, base):
    pinned = table.beside_pins(marked(BEGINS, BOTH), marked(ENDS, BOTH))
    sides = {
        Constraint.AFTER_PIN: (False, True, False),
        Constraint.BEFORE_PIN: (True, False, False),
    }
    for side, expected in sides.items():
        assert tuple(pinned.row(base | side)[[BEGINS, ENDS, BOTH]]) == expected
    between = pinned.row(base | Constraint.AFTER_PIN | Constraint.BEFORE_PIN)
    assert not between[[BEGINS, ENDS, BOTH]].any() and between[304]
    assert (pinned.allowed[: len(table.allowed)] == table.allowed).all()


def test_rows_are_found_for_many_slots_at_once_and_a_missing_one_is_a_fault(table):
    flags = np.array([Constraint.TEXT, CONTROL])
    assert (
        table.allowed[table.rows(flags)]
        == np.stack([table.row(Constraint.TEXT), table.row(CONTROL)])
    ).all()
    with pytest.raises(AssertionError):
        table.rows(np.array([Constraint.AFTER_PIN]))
