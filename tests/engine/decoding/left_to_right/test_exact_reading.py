"""An answer's likelihood is the product of its tokens' probabilities from left to right, and of its
end."""

import numpy as np
import torch

from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.exact_reading import agreed, reading_pass, split_reading
from engine.decoding.sampler import encode_context
from tests.engine.causal_models import END, GAP, START, canvas_of, drive
from training.adaptation.rows import Row
from training.examples.visibility import CLEAN, visible


def read(canvas, backend, config):
    plan = CausalContext()
    drive(encode_context(canvas, plan, constraint_table(config, config.embedding_rows)), backend)
    return backend.predict(reading_pass(canvas, plan, config))


def written(texts, answers, config):
    canvas = canvas_of(texts, [len(answer) for answer in answers], config)
    for group, answer in enumerate(answers):
        canvas.ids[canvas.places(group)] = answer
    return canvas


def test_it_is_what_the_clean_view_of_a_training_row_computes(causal_model, backend, causal_config):
    texts, answers = [[20, 21, 22], [30], [40, 41]], [[50, 51, 52], [53]]
    found = split_reading(
        written(texts, answers, causal_config),
        read(written(texts, answers, causal_config), backend, causal_config),
    )
    row = Row()
    for segment, ids, start in ((1, [GAP, 40, 41], 0), (2, [START, 20, 21], 3), (3, [GAP], 39)):
        for i, token in enumerate(ids):
            row.add(token, start + i, segment)
    targets = []
    for anchor, place, answer in ((22, 6, answers[0]), (30, 40, answers[1])):
        targets += [*answer, END, 0]
        for i, token in enumerate([anchor, *answer, END]):
            row.add(token, place + i, CLEAN)
    ids, positions, segments = (
        torch.tensor([values]) for values in (row.ids, row.positions, row.segments)
    )
    with torch.no_grad():
        hidden, _ = causal_model.encode(ids, positions, visible=visible(segments))
        log_probs = causal_model.head(hidden)[0, 7:].log_softmax(-1)
    expected = [float(log_probs[i, target]) for i, target in enumerate(targets) if target]
    assert np.allclose([*found[0], *found[1]], expected, atol=1e-5)


def test_what_follows_a_token_does_not_change_its_probability(backend, causal_config):
    texts = [[20, 21], [30]]
    one, other = (
        written(texts, [answer], causal_config) for answer in ([50, 51, 52], [50, 51, 60])
    )
    first, second = (split_reading(c, read(c, backend, causal_config))[0] for c in (one, other))
    assert np.allclose(first[:2], second[:2], atol=1e-9) and not np.allclose(first[2], second[2])


def test_the_agreed_part_is_what_greedy_reading_writes(backend, causal_config):
    canvas = written([[20, 21], [30]], [[50, 51, 52]], causal_config)
    for length in range(3):  # write greedily, token by token
        found = read(canvas, backend, causal_config)
        canvas.ids[canvas.places(0)[length]] = found.token_ids[0, length, 0]
    assert agreed(canvas, 0, read(canvas, backend, causal_config)) == 3
    canvas.ids[canvas.places(0)[1]] = 99
    assert agreed(canvas, 0, read(canvas, backend, causal_config)) == 1
