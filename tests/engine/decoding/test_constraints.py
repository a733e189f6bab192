"""Constraints are flags with names; every combination that a slot can have is a row of its own."""

import re

import msgspec
import numpy as np
import pytest

from engine.base.errors import RequestRejected
from engine.decoding.constraints import (
    CONTROL,
    Constraint,
    check_ids,
    constraint_table,
    everything,
)

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
    assert (pinned.row(base) == table.row(base)).all()
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
    with pytest.raises(AssertionError):
        table.row(Constraint.AFTER_PIN)


def test_the_table_has_a_row_for_every_slot_without_a_pin_and_only_for_those(table):
    lengths = (Constraint.TEXT, Constraint.DELETE, CONTROL)
    flags = [a | b for a in lengths for b in (Constraint.TEXT, Constraint.SINGLE_LINE)]
    assert len(table.allowed) == len(flags) + 1
    assert len(set(table.rows(np.array([*flags, Constraint.ANYTHING])).tolist())) == len(flags) + 1
    for missing in (Constraint.EXPAND, Constraint.AFTER_PIN, Constraint.ANYTHING | CONTROL):
        with pytest.raises(AssertionError):
            table.rows(np.array([missing]))


def test_only_a_single_line_has_no_line_end_and_only_where_line_ends_are_known(config, table):
    assert table.row(Constraint.TEXT)[NEWLINE] and table.row(CONTROL)[NEWLINE]
    assert not table.row(Constraint.SINGLE_LINE)[NEWLINE]
    unknown = constraint_table(config, 510)
    assert unknown.row(Constraint.SINGLE_LINE)[NEWLINE] and unknown.allowed[:, 400].all()


def test_a_model_without_control_tokens_has_none_to_allow(config):
    plain = msgspec.structs.replace(config, delete_token_id=None, expand_token_id=None)
    table = constraint_table(plain, 510)
    assert (table.row(CONTROL) == table.row(Constraint.TEXT)).all()


def test_tokens_left_out_are_out_in_every_row_of_a_table_of_its_own(table):
    narrowed = table.without([20, 30])
    assert not narrowed.allowed[:, [20, 30]].any() and table.row(Constraint.TEXT)[[20, 30]].all()
    assert (narrowed.row(CONTROL) == table.row(CONTROL)).sum() == 510


def test_further_rows_stand_behind_the_others(table):
    longer = table.extended([marked(20), marked(30)])
    assert (longer.allowed[:-2] == table.allowed).all()
    assert (longer.allowed[-2:] == np.stack([marked(20), marked(30)])).all()
    assert (longer.row(CONTROL) == table.row(CONTROL)).all() and table.extended([]) is table


def test_everything_is_one_row_and_the_same_array_each_time():
    assert everything(7).shape == (1, 7) and everything(7).all()
    assert everything(7).dtype == bool and everything(7) is everything(7)


def test_ids_that_are_too_many_or_no_tokens_are_refused(config):
    check_ids(config, (0, config.embedding_rows - 1))
    check_ids(config, (5,) * config.max_sequence_length)
    with pytest.raises(RequestRejected, match=r"257 tokens are too many: the model allows 256\."):
        check_ids(config, (5,) * 257)
    for bad in (-1, config.embedding_rows):
        message = f"Token id {bad} lies outside the vocabulary of {config.embedding_rows}."
        with pytest.raises(RequestRejected, match=re.escape(message)):
            check_ids(config, (0, bad))
