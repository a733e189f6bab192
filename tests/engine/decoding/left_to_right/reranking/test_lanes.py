"""Lanes of one pass give what each continuation gives by itself."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.deadline import Deadline
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.beams import Beam, BeamRules, search_beams
from engine.decoding.left_to_right.reranking.cuts import answers_of, arrived
from engine.decoding.left_to_right.reranking.whole_text import CLOSE, WholeText, read_whole
from engine.decoding.sampler import encode_context
from tests.engine.causal_models import canvas_of, drive, run

TOKENS = st.lists(st.integers(20, 60), min_size=1, max_size=5)


def reader_of(backend, config):
    """Stands behind the tokens 20, 21, 22; the last one waits."""
    canvas, plan = canvas_of([[20, 21, 22], [30, 31]], [1], config), CausalContext()
    drive(encode_context(canvas, plan, constraint_table(config, config.embedding_rows)), backend)
    reader, place = Reader.of(canvas, plan), int(canvas.places(0)[0])
    reader.feed([int(canvas.ids[place - 1])], int(canvas.positions[place]) - 1)
    return reader


def read(reader, texts, row, backend, later=0):
    """Scores, and how many tokens were computed."""
    texts = [WholeText(text) for text in texts]
    readings, computed = run(read_whole(reader, texts, later, row), backend)
    return [reading.score for reading in readings], computed


def rules_of(config, allowed, **more):
    row = np.zeros(config.embedding_rows, bool)
    row[allowed] = True
    usual = {"behind": 30, "arrived": lambda beam: False, "max_tokens": 3}
    return BeamRules(first=row, text=row, inside=row, **usual | more)


@settings(max_examples=40, deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=4))
def test_texts_read_side_by_side_are_as_likely_as_each_alone(backend, causal_config, texts):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    together, computed = read(reader, texts, row, backend)
    alone = [read(reader, [text], row, backend)[0][0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-4)
    assert computed == 1 + sum(len(text) - 1 for text in texts), "the last tokens need no reading"


@settings(max_examples=40, deadline=None)
@given(st.lists(TOKENS, min_size=2, max_size=4), st.integers(1, 3))
def test_what_stands_behind_is_read_to_its_end_for_close_answers_alone(
    backend, causal_config, texts, later
):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    whole = read(reader, texts, row, backend)[0]
    first = read(reader, [text[: max(1, len(text) - later)] for text in texts], row, backend)[0]
    scores, _ = read(reader, texts, row, backend, later)
    close = [i for i, score in enumerate(first) if score > max(first) - CLOSE]
    if len(close) > 1:
        assert [scores[i] for i in close] == pytest.approx([whole[i] for i in close], abs=1e-4)
    far = [i for i in range(len(texts)) if i not in close]
    assert max(scores) == max(scores[i] for i in close)
    for i in far:
        assert max(scores) - scores[i] == pytest.approx(max(first) - first[i], abs=1e-4)


def test_behind_a_deadline_the_first_pass_decides(backend, causal_config):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    texts = [WholeText([40, 41, 42, 43]), WholeText([40, 41, 43, 42])]
    late = run(read_whole(reader, texts, 2, row, Deadline.after(0.0, 0.0, lambda: 1.0)), backend)
    in_time = run(read_whole(reader, texts, 2, row), backend)
    assert late[1] < in_time[1]
    first = read(reader, [[40, 41], [40, 41]], row, backend)[0]
    assert [reading.score for reading in late[0]] == pytest.approx(first, abs=1e-4)


def test_a_lane_is_read_as_the_plain_reading_reads_it(backend, causal_config):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    text = [40, 41, 42]
    lane = read(reader, [[50, 51], text], row, backend)[0][1]
    batch = reader.ask([(i, row) for i in range(3)], text, text)
    assert lane == pytest.approx(float(backend.predict(batch).target_log_probs.sum()), abs=1e-4)


def test_wide_beams_find_every_answer_with_its_own_probability(backend, causal_config):
    reader = reader_of(backend, causal_config)
    rules = rules_of(causal_config, [40, 41], width=8, max_tokens=3)
    found, computed = run(search_beams(reader, rules), backend)
    every = {beam for size in (1, 2, 3) for beam in product((40, 41), repeat=size)}
    assert {beam.tokens for beam in found} == every
    anchor, goes_on, begun_anew = 1, 2 + 2 + 4, 2 * 2 + 4 * 3
    assert computed == anchor + goes_on + begun_anew, "a lane is read on, not again"
    for beam in found:
        alone = read(reader, [beam.tokens], rules.text, backend)[0][0]
        assert beam.log_prob == pytest.approx(alone, abs=1e-4)


def test_a_beam_that_arrived_is_not_followed(backend, causal_config):
    reader = reader_of(backend, causal_config)
    rules = rules_of(causal_config, [40, 41], width=8, max_tokens=3)
    all_beams = run(search_beams(reader, rules), backend)[0]
    ended = rules_of(
        causal_config, [40, 41], width=8, max_tokens=3, arrived=lambda beam: beam.tokens[-1] == 41
    )
    found = run(search_beams(reader, ended), backend)[0]
    assert len(found) < len(all_beams)
    assert not any(41 in beam.tokens[:-1] for beam in found)
    assert all(beam.follows == 0.0 for beam in found if beam.tokens[-1] == 41)


def test_answers_end_at_beams_and_where_a_beam_goes_on_with_what_stands_behind():
    texts = {(1,): "wid", (2,): "width, height", (3,): None}
    beams = [Beam((1,), -1.0, -2.0), Beam((2,), -1.5, 0.0), Beam((3,), 0.0, 0.0)]
    found = answers_of(beams, lambda beam: texts[beam.tokens], "th, height)")
    assert found == {"wid": -1.5, "width, heigh": -4.5}, "one letter may be an accident"
    assert arrived("width, height", "th, height)") and not arrived("width", "height")
    assert arrived("f()", ")") and not arrived("f(a", "a, b)")
