"""The canvas at the start: how many masks a span gets, and where they and the line ends stand."""

import pytest

from engine import Span
from engine.decoding.canvas import CONTEXT
from engine.infill.search.initial_canvas import (
    MAX_SLOTS,
    MIN_SLOTS,
    SLOTS_A_LINE,
    START,
    StretchStarts,
    build_canvas,
    slots_of,
    usual_slots,
)

MASK, NEWLINE = 99, 98


def asked(**fields):
    return Span(start=0, end=0, **fields)


@pytest.mark.parametrize(
    ("count", "slots"), [(1, 16), (2, 16), (4, 16), (5, 12), (8, MIN_SLOTS), (100, MIN_SLOTS)]
)
def test_spans_share_the_masks_but_none_gets_too_few(count, slots):
    assert usual_slots(count, START) == slots == slots_of(asked(), count)


def test_a_span_may_start_with_more_where_it_cannot_grow():
    assert usual_slots(1, MAX_SLOTS) == MAX_SLOTS == slots_of(asked(), 1, MAX_SLOTS)


@pytest.mark.parametrize("count", [1, 9])
def test_a_length_that_is_asked_for_is_the_length(count):
    assert slots_of(asked(tokens=3), count) == 3 and slots_of(asked(tokens=50), count) == 50


def test_at_least_and_at_most_so_many_tokens_bound_the_masks():
    assert slots_of(asked(min_tokens=25), 1) == 25 and slots_of(asked(min_tokens=4), 1) == START
    assert slots_of(asked(max_tokens=5), 1) == 5 and slots_of(asked(max_tokens=40), 1) == START


@pytest.mark.parametrize(("lines", "slots"), [(1, 12), (2, 25), (3, 38)])
def test_every_line_gets_its_masks_and_an_end_between_two(lines, slots):
    assert slots == lines * SLOTS_A_LINE + lines - 1
    assert slots_of(asked(lines=lines, max_tokens=64), 1) == slots


@pytest.mark.parametrize(
    ("pins", "slots"), [(("word",), START + 4), (("word", "other"), START + 9), (("x" * 40,), 32)]
)
def test_pins_get_masks_of_their_own_up_to_a_bound(pins, slots):
    assert slots_of(asked(pins=pins), 1) == slots


def test_a_bound_on_masks_for_pins_takes_none_away():
    assert slots_of(asked(pins=("word",), lines=4, max_tokens=64), 1) == 51


def test_masks_stand_between_the_pieces_of_the_context():
    canvas = build_canvas([[1, 2], [3], [4]], [asked(), asked()], [2, 3], MASK, NEWLINE)
    assert canvas.ids.tolist() == [1, 2, MASK, MASK, 3, MASK, MASK, MASK, 4]
    groups = [CONTEXT, CONTEXT, 0, 0, CONTEXT, 1, 1, 1, CONTEXT]
    assert canvas.groups.tolist() == groups and not canvas.anchored and canvas.snippets == 0
    assert canvas.mask_id == MASK and not canvas.stretches.any()


def test_every_stretch_of_a_causal_context_has_its_start_token_and_its_number():
    starts = StretchStarts(first=50, gap=51, snippets=[[7], [8, 9]])
    canvas = build_canvas([[1], [], [2]], [asked(), asked()], [1, 2], MASK, NEWLINE, starts)
    assert canvas.ids.tolist() == [51, 7, 51, 8, 9, 50, 1, MASK, 51, MASK, MASK, 51, 2]
    assert canvas.stretches.tolist() == [1, 1, 2, 2, 2, 3, 3, 0, 4, 0, 0, 5, 5]
    assert canvas.groups.tolist() == [*[CONTEXT] * 7, 0, CONTEXT, 1, 1, CONTEXT, CONTEXT]
    assert canvas.anchored and canvas.snippets == 2 and canvas.anchors().tolist() == [6, 8]


@pytest.mark.parametrize(
    ("lines", "size", "runs"), [(2, 5, [2, 2]), (2, 6, [3, 2]), (3, 10, [3, 3, 2]), (1, 4, [4])]
)
def test_line_ends_part_the_masks_into_runs_of_nearly_one_length(lines, size, runs):
    canvas = build_canvas([[1], [2]], [asked(lines=lines)], [size], MASK, NEWLINE)
    written = "".join({MASK: "_", NEWLINE: "/"}.get(token, "|") for token in canvas.ids.tolist())
    assert written == f"|{'/'.join('_' * run for run in runs)}|"
    assert canvas.groups.tolist() == [CONTEXT, *[0] * size, CONTEXT]
    assert canvas.pinned.sum() == lines - 1
