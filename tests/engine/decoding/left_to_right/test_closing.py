"""An answer that has to end with given tokens ends with one of them, and is the likeliest that was
seen."""

import numpy as np
import pytest

from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.closing import Closed, best_of
from engine.decoding.left_to_right.one_at_a_time import WritingRules, write_one_at_a_time
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.written import Written
from engine.decoding.sampler import encode_context
from tests.engine.causal_models import END, canvas_of, drive, run

LAST = [40, 41, 42]
"""What an answer may end with."""


@pytest.fixture
def encoded(backend, causal_config):
    canvas, plan = canvas_of([[20, 21, 22], [30, 31], [50]], [6, 3], causal_config), CausalContext()
    table = constraint_table(causal_config, causal_config.embedding_rows)
    drive(encode_context(canvas, plan, table), backend)
    return canvas, plan


def allowed_by(config):
    def allowed(tokens):
        row = np.ones(config.embedding_rows, bool)
        row[END] = bool(tokens) and tokens[-1] in LAST
        return row

    return allowed


def closing_by(config):
    row = np.zeros(config.embedding_rows, bool)
    row[LAST] = True
    return lambda tokens: row


def rules_of(config, **more):
    return WritingRules(allowed_by(config), 6, closing=closing_by(config), **more)


def test_an_answer_ends_as_it_has_to_and_its_probability_is_that_of_reading_it(
    encoded, backend, causal_config
):
    canvas, plan = encoded
    rules = [rules_of(causal_config), WritingRules(allowed_by(causal_config), 3)]
    (answer, _), _ = run(write_one_at_a_time(canvas, plan, causal_config, rules), backend)
    assert answer.tokens[-1] in LAST
    reader = Reader.of(canvas, plan)
    place = int(canvas.places(0)[0])
    reader.feed([int(canvas.ids[place - 1])], int(canvas.positions[place]) - 1)
    empty = Written()
    again, _ = run(
        best_of([Closed((*answer.tokens,), 0.0)], empty, allowed_by(causal_config), END, reader),
        backend,
    )
    assert again.log_likelihood == pytest.approx(answer.log_likelihood, abs=1e-9)


def test_the_next_span_is_read_behind_the_answer_that_was_chosen(encoded, backend, causal_config):
    canvas, plan = encoded
    behind = WritingRules(allowed_by(causal_config), 3)
    (chosen, after), _ = run(
        write_one_at_a_time(canvas, plan, causal_config, [rules_of(causal_config), behind]), backend
    )
    told = WritingRules(allowed_by(causal_config), 6, given=chosen.tokens)
    (_, expected), _ = run(
        write_one_at_a_time(canvas, plan, causal_config, [told, behind]), backend
    )
    assert after.tokens == expected.tokens
    assert np.allclose(after.log_probs, expected.log_probs, atol=1e-9)


def test_what_the_model_wrote_by_itself_stays_where_it_is_likelier(encoded, backend, causal_config):
    canvas, plan = encoded
    own = Written([40], [-0.1], -0.1)
    worse = [Closed((41,), -0.3), Closed((42,), -5.0)]
    best, computed = run(
        best_of(worse, own, allowed_by(causal_config), END, Reader.of(canvas, plan)), backend
    )
    assert best is own and computed == 0
