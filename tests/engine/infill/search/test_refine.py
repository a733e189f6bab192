"""Several spans: each is written once more between the answers of the others, and the likelier text
stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from engine.base.deadline import Deadline
from engine.decoding.canvas import CONTEXT, Canvas
from engine.infill.search.refine import refinable, refine

MASK = 99
ALONE, TOLD, OTHER = 60, 61, 62


def written(texts):
    """A canvas on which group i holds the (token, log-probability) pairs of ``texts[i]``, with
    context between."""
    ids, groups, log_probs = [1], [CONTEXT], [0.0]
    for group, text in enumerate(texts):
        ids += [token for token, _ in text] + [1]
        groups += [group] * len(text) + [CONTEXT]
        log_probs += [value for _, value in text] + [0.0]
    canvas = Canvas(ids, groups, MASK)
    canvas.pinned[:] = False
    canvas.log_probs[:] = log_probs
    return canvas


def run(canvas, sizes, write, deadline=None):
    seen = []

    def writing(second_look, group):
        seen.append((group, second_look.ids.tolist()))
        places = second_look.places(group)
        second_look.transfer(places, np.full(len(places), 7), np.full(len(places), write(group)))
        yield from ()

    passes = refine(canvas, sizes, writing, deadline or Deadline())
    with pytest.raises(StopIteration) as end:
        next(passes)
    return end.value.value, seen


def texts_of(canvas, groups):
    return [canvas.ids[canvas.places(group)].tolist() for group in range(groups)]


def test_the_likelier_text_of_every_span_stays():
    canvas = written([[(5, -1.0), (5, -1.0)], [(6, -0.1)]])
    found, _ = run(canvas, {0: 3, 1: 3}, lambda group: -0.5)
    assert texts_of(found, 2) == [[7, 7, 7], [6]]
    assert found.ids[found.context()].tolist() == [1, 1, 1]


def test_an_echo_of_another_span_does_not_replace_a_text_of_its_own():
    canvas = written([[(5, -1.0)], [(7, -0.1)]])
    assert texts_of(run(canvas, {0: 1}, lambda group: -0.5)[0], 2) == [[5], [7]]
    doubled = written([[(7, -1.0)], [(7, -0.1)]])
    assert run(doubled, {0: 1}, lambda group: -0.5)[0].log_likelihood(0) == -0.5


def test_the_least_likely_is_first_and_the_next_sees_its_new_text():
    canvas = written([[(5, -1.0)], [(6, -3.0)]])
    _, seen = run(canvas, {0: 1, 1: 2}, lambda group: -0.01)
    assert [group for group, _ in seen] == [1, 0]
    assert seen[0][1] == [1, 5, 1, MASK, MASK, 1] and seen[1][1] == [1, MASK, 1, 7, 7, 1]


def test_after_the_deadline_nothing_is_written_anew():
    canvas = written([[(5, -1.0)], [(6, -3.0)]])
    found, seen = run(
        canvas, {0: 1, 1: 1}, lambda group: 0.0, deadline=Deadline(at=1.0, clock=lambda: 2.0)
    )
    assert not seen and texts_of(found, 2) == [[5], [6]]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_a_span_that_starts_again_leaves_the_others_as_they_are(lengths, size, data):
    canvas = written([[(10 + i, -1.0)] * n for i, n in enumerate(lengths)])
    group = data.draw(st.integers(0, len(lengths) - 1))
    canvas.restart(group, size)
    assert texts_of(canvas, len(lengths)) == [
        [MASK] * size if i == group else [10 + i] * n for i, n in enumerate(lengths)
    ]
    assert (
        len(set(canvas.slots.tolist()))
        == len(canvas.ids)
        == len(canvas.groups)
        == len(canvas.log_probs)
    )
    assert canvas.log_likelihood(group) == 0.0


def test_what_is_promised_or_tied_is_written_once():
    free, exact = Span(start=0, end=0), Span(start=1, end=1, tokens=3)
    pinned, lines = Span(start=2, end=2, pins=("a",)), Span(start=3, end=3, lines=2)
    chosen, tied = Span(start=4, end=4, choices=("a", "b")), Span(start=5, end=5, name="x")
    assert refinable([free, exact, pinned, lines, chosen]) == [0, 1]
    assert refinable([free]) == [] and refinable([free, tied, tied]) == []


def test_a_blank_takes_up_what_stands_in_the_other_blank_by_then(config, tokenizer):
    """The model writes ``ALONE`` with doubt where the other span is masked, and is sure of another
    token where it is not."""

    def score(ids, positions, index):
        logits = np.zeros(512)
        masks = np.flatnonzero(ids == config.mask_token_id)
        if len(masks) == 1:
            logits[TOLD if masks[0] < len(ids) // 2 else OTHER] = 12.0
        else:
            logits[ALONE] = 7.0
        return logits

    spans = tuple(Span(start=at, end=at, tokens=1) for at in (4, 9))
    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        found = engine.fill(FillRequest(text="a = \nb = \n", spans=spans, copies=False))
    assert [span.text for span in found.spans] == [
        tokenizer.decode([TOLD]),
        tokenizer.decode([OTHER]),
    ]
