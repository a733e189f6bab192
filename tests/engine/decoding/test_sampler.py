"""The reverse process over a table for a model."""

import numpy as np
import pytest

from engine.backends.fake import FakeBackend
from engine.base.deadline import Deadline
from engine.decoding.caching.make_plan import make_plan
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.constraints import Constraint, constraint_table
from engine.decoding.length_control import Lengths, SpanLength
from engine.decoding.sampler import Rules, denoise
from engine.decoding.transfer_rules import Threshold

MASK, EXPAND, DELETE = 2, 3, 4


def run(generator, backend):
    try:
        batch = next(generator)
        while True:
            batch = generator.send(backend.predict(batch))
    except StopIteration:
        return


def spiky(config, wanted):
    """Logits that put nearly everything on ``wanted(ids, positions, index)``."""

    def score(ids, positions, index):
        logits = np.zeros(config.embedding_rows)
        token, height = wanted(ids, positions, index)
        logits[token] = height
        return logits

    return FakeBackend(score)


def canvas_of(prefix, masks, suffix):
    ids = [*prefix, *[MASK] * masks, *suffix]
    groups = [CONTEXT] * len(prefix) + [0] * masks + [CONTEXT] * len(suffix)
    return Canvas(ids, groups, MASK)


@pytest.mark.parametrize("cache", ["none", "prefix", "dual", "hidden"])
def test_every_policy_fills_every_mask_and_keeps_the_context(config, cache):
    backend = spiky(config, lambda ids, positions, i: (20 + int(positions[i]), 30.0))
    canvas = canvas_of([100, 101], 6, [102])
    lengths = Lengths([SpanLength(exact=True, max_tokens=6)], EXPAND, DELETE)
    run(
        denoise(
            canvas, [[0]], make_plan(cache), constraint_table(config, 512), Rules(steps=3), lengths
        ),
        backend,
    )
    assert canvas.ids.tolist() == [100, 101, 22, 23, 24, 25, 26, 27, 102]


def test_the_hidden_policy_encodes_the_context_once_and_without_the_span(config):
    backend = spiky(config, lambda ids, positions, i: (20, 1.0))
    canvas = canvas_of([100, 101, 103], 4, [102])
    lengths = Lengths([SpanLength(exact=True, max_tokens=4)], EXPAND, DELETE)
    run(
        denoise(
            canvas,
            [[0]],
            make_plan("hidden"),
            constraint_table(config, 512),
            Rules(steps=4),
            lengths,
        ),
        backend,
    )
    first, *steps = backend.batches
    assert first.input_ids.tolist() == [[100, 101, 103, 102]] and first.position_ids.tolist() == [
        [0, 1, 2, 3]
    ]
    assert len(steps) == 4
    assert all(step.input_ids.shape == (1, 4) and step.context.length == 4 for step in steps)
    assert all(step.context_position_ids.tolist() == [[0, 1, 2, 7]] for step in steps)


def test_with_steps_equal_to_length_one_token_is_transferred_a_step_most_confident_first(config):
    heights = {2: 5.0, 3: 9.0, 4: 7.0}
    backend = spiky(config, lambda ids, positions, i: (50, heights[int(positions[i])]))
    canvas = canvas_of([100, 101], 3, [])
    order = []
    rules = Rules(
        steps=3, on_step=lambda c, step: order.append(np.flatnonzero(c.ids == 50).tolist())
    )
    run(denoise(canvas, [[0]], make_plan("none"), constraint_table(config, 512), rules), backend)
    assert order == [[3], [3, 4], [2, 3, 4]]


def test_a_threshold_finishes_in_one_step_when_everything_is_certain(config):
    backend = spiky(config, lambda ids, positions, i: (50, 40.0))
    run(
        denoise(
            canvas_of([9], 8, []),
            [[0]],
            make_plan("none"),
            constraint_table(config, 512),
            Rules(8, transfer=Threshold(0.9)),
        ),
        backend,
    )
    assert len(backend.batches) == 1


def test_the_step_bound_holds_when_nothing_is_certain(config):
    backend = spiky(config, lambda ids, positions, i: (50, 0.1))
    rules = Rules(steps=4, transfer=Threshold(0.9), at_least_schedule=True)
    run(
        denoise(
            canvas_of([9], 16, []), [[0]], make_plan("none"), constraint_table(config, 512), rules
        ),
        backend,
    )
    assert len(backend.batches) == 4


def test_blocks_are_decoded_in_order(config):
    backend = spiky(config, lambda ids, positions, i: (50, float(positions[i])))
    canvas = Canvas([9] + [MASK] * 4, [CONTEXT, 0, 0, 1, 1], MASK)
    seen = []
    rules = Rules(steps=2, on_step=lambda c, step: seen.append(int((c.ids[1:3] == MASK).sum())))
    run(
        denoise(canvas, [[0], [1]], make_plan("none"), constraint_table(config, 512), rules),
        backend,
    )
    assert seen == [1, 0, 0, 0]


def test_the_deadline_transfers_everything_in_the_step_at_hand(config):
    backend = spiky(config, lambda ids, positions, i: (50, 0.1))
    rules = Rules(steps=16, deadline=Deadline(at=3.0, clock=lambda: float(len(backend.batches))))
    canvas = canvas_of([9], 16, [])
    run(denoise(canvas, [[0]], make_plan("none"), constraint_table(config, 512), rules), backend)
    assert len(backend.batches) == 3 and (canvas.ids[1:] == 50).all()


def test_random_remasking_depends_on_the_seed_alone(config):
    def order(seed):
        backend = spiky(config, lambda ids, positions, i: (50, float(positions[i])))
        seen = []
        rules = Rules(
            6,
            remasking="random",
            seed=seed,
            on_step=lambda c, s: seen.append((c.ids == 50).tolist()),
        )
        run(
            denoise(
                canvas_of([9], 6, []),
                [[0]],
                make_plan("none"),
                constraint_table(config, 512),
                rules,
            ),
            backend,
        )
        return seen

    assert order(1) == order(1)
    assert any(order(1) != order(seed) for seed in range(2, 6))


def test_without_lengths_the_mask_token_may_be_emitted_as_in_llada(config):
    backend = spiky(config, lambda ids, positions, i: (MASK, 30.0))
    canvas = canvas_of([9], 2, [])
    run(
        denoise(canvas, [[0]], make_plan("none"), constraint_table(config, 512), Rules(steps=2)),
        backend,
    )
    assert (canvas.ids[1:] == MASK).all() and len(backend.batches) == 2
    anything = constraint_table(config, 512).row_of[Constraint.ANYTHING]
    assert all((batch.allowed_row == anything).all() for batch in backend.batches)
