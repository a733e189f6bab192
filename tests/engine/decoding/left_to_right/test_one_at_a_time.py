"""Writing one token at a time gives what reading the answer finds most probable at every place."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.exact_reading import agreed, reading_pass, split_reading
from engine.decoding.left_to_right.guesses import no_guess
from engine.decoding.left_to_right.one_at_a_time import WritingRules, write_one_at_a_time
from engine.decoding.left_to_right.written import Written
from engine.decoding.sampler import encode_context
from tests.engine.causal_models import END, canvas_of, drive, run


def written(backend, config, allowed, most, guess=no_guess):
    canvas, plan = canvas_of([[20, 21, 22], [30, 31]], [most], config), CausalContext()
    drive(encode_context(canvas, plan, constraint_table(config, config.embedding_rows)), backend)
    rules = WritingRules(lambda _: allowed, most, guess=guess)
    (answer,), computed = run(write_one_at_a_time(canvas, plan, config, [rules]), backend)
    return answer.tokens, answer.log_probs, computed


def test_the_answer_is_the_greedy_one_and_its_probabilities_are_exact(backend, causal_config):
    allowed = np.ones(causal_config.embedding_rows, bool)
    tokens, log_probs, computed = written(backend, causal_config, allowed, 6)
    assert computed <= 6
    canvas, plan = (
        canvas_of([[20, 21, 22], [30, 31]], [len(tokens)], causal_config),
        CausalContext(),
    )
    canvas.ids[canvas.places(0)] = tokens
    drive(
        encode_context(canvas, plan, constraint_table(causal_config, causal_config.embedding_rows)),
        backend,
    )
    read = backend.predict(reading_pass(canvas, plan, causal_config))
    assert agreed(canvas, 0, read) == len(tokens)
    assert np.allclose(split_reading(canvas, read)[0][: len(tokens)], log_probs, atol=1e-5)


def test_several_spans_are_read_as_the_exact_reading_reads_them(backend, causal_config):
    canvas, plan = (
        canvas_of([[20, 21, 22], [30, 31], [40]], [4, 4], causal_config),
        CausalContext(),
    )
    table = constraint_table(causal_config, causal_config.embedding_rows)
    drive(encode_context(canvas, plan, table), backend)
    text = np.ones(causal_config.embedding_rows, bool)
    text[END] = False
    rules = [WritingRules(lambda _: text, 4)] * 2
    answers, _ = run(write_one_at_a_time(canvas, plan, causal_config, rules), backend)
    for group, answer in enumerate(answers):
        canvas.ids[canvas.places(group)] = answer.tokens
    batch = reading_pass(canvas, plan, causal_config)
    batch.allowed = text[None]
    read = split_reading(canvas, backend.predict(batch))
    for group, answer in enumerate(answers):
        assert np.allclose(read[group][:-1], answer.log_probs, atol=1e-5)
        assert answer.end_log_prob is None and answer.likelihood == 0.0


def test_it_ends_where_the_span_does_and_keeps_to_what_is_allowed(backend, causal_config):
    only_end = np.zeros(causal_config.embedding_rows, bool)
    only_end[END] = True
    assert written(backend, causal_config, only_end, 6)[:2] == ([], [])
    few = np.zeros(causal_config.embedding_rows, bool)
    few[[40, 41]] = True
    tokens, _, _ = written(backend, causal_config, few, 6)
    assert len(tokens) == 6 and set(tokens) <= {40, 41}


def test_a_likelihood_is_that_of_the_tokens_and_of_the_end():
    answer = Written([40, 41], [math.log(0.5), math.log(0.5)], math.log(0.4))
    assert answer.likelihood == pytest.approx(0.1)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_guesses_change_nothing_whether_they_come_true_or_not(backend, causal_config, data):
    allowed = np.ones(causal_config.embedding_rows, bool)
    plain, log_probs, _ = written(backend, causal_config, allowed, 8)
    token = st.integers(8, causal_config.embedding_rows - 1)

    def guess(so_far):
        right = plain[len(so_far) :][: data.draw(st.integers(0, 4))]
        return [*right, *data.draw(st.lists(token, max_size=3))]

    tokens, found, _ = written(backend, causal_config, allowed, 8, guess)
    assert tokens == plain
    assert np.allclose(found, log_probs, atol=1e-9)


def test_an_answer_that_was_guessed_costs_one_pass(backend, causal_config):
    allowed = np.ones(causal_config.embedding_rows, bool)
    plain, _, one_by_one = written(backend, causal_config, allowed, 6)
    passes = []

    def guess(so_far):
        passes.append(so_far)
        return plain[len(so_far) :]

    assert written(backend, causal_config, allowed, 6, guess)[0] == plain
    assert len(passes) == 1 < one_by_one
