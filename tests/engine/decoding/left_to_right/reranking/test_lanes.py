"""Lanes of one pass give what each continuation gives by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.beams import Beam, BeamRules, search_beams
from engine.decoding.left_to_right.reranking.cuts import answers_of, arrived
from engine.decoding.left_to_right.reranking.whole_text import read_whole
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


def rules_of(config, allowed, **more):
    row = np.zeros(config.embedding_rows, bool)
    row[allowed] = True
    usual = {"behind": 30, "arrived": lambda beam: False, "max_tokens": 3}
    return BeamRules(first=row, text=row, inside=row, **usual | more)


@settings(max_examples=40, deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=4))
def test_texts_read_side_by_side_are_as_likely_as_each_alone(backend, causal_config, texts):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    together, computed = run(read_whole(reader, texts, row), backend)
    alone = [run(read_whole(reader, [text], row), backend)[0][0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-4)
    assert computed == 1 + sum(len(text) - 1 for text in texts), "the last tokens need no reading"


def test_a_lane_is_read_as_the_plain_reading_reads_it(backend, causal_config):
    reader, row = reader_of(backend, causal_config), np.ones(causal_config.embedding_rows, bool)
    text = [40, 41, 42]
    lane = run(read_whole(reader, [[50, 51], text], row), backend)[0][1]
    batch = reader.ask([(i, row) for i in range(3)], text, text)
    assert lane == pytest.approx(float(backend.predict(batch).target_log_probs.sum()), abs=1e-4)


def test_wide_beams_find_every_answer_with_its_own_probability(backend, causal_config):
    reader = reader_of(backend, causal_config)
    rules = rules_of(causal_config, [40, 41], width=8, max_tokens=2)
    found, _ = run(search_beams(reader, rules), backend)
    every = {(a,) for a in (40, 41)} | {(a, b) for a in (40, 41) for b in (40, 41)}
    assert {beam.tokens for beam in found} == every
    for beam in found:
        read = run(read_whole(reader, [beam.tokens], rules.text), backend)[0][0]
        assert beam.log_prob == pytest.approx(read, abs=1e-4)


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
