"""Contexts between requests: exact where nothing changed, partial after an edit, bounded, and of
one document only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.fake import FakeContext
from engine.decoding.caching.context_store import ContextStore, Kept
from engine.decoding.caching.hidden_context import VICINITY, hidden_part

ids = st.lists(st.integers(1, 4), min_size=1, max_size=120).map(np.array)


def keep(contexts, tokens, session="a", edits=0):
    contexts.put(
        session,
        Kept(
            tokens, np.zeros_like(tokens), np.arange(len(tokens)), FakeContext(tokens[None]), edits
        ),
    )


def part_of(contexts, session, tokens, most_edits):
    return hidden_part(contexts.get(session), tokens, most_edits)


@given(ids, ids)
def test_kept_and_newly_encoded_tokens_together_are_the_new_context(old, new):
    contexts = ContextStore()
    keep(contexts, old)
    part = part_of(contexts, "a", new, 4)
    order = np.concatenate((part.reused, part.active))
    assert sorted(order.tolist()) == list(range(len(new)))
    tokens = [*(part.context.ids[0] if part.context else ()), *new[part.active].tolist()]
    assert np.array_equal(np.array(tokens)[np.argsort(order)], new)


@given(st.integers(0, 199), st.integers(5, 9))
def test_a_keystroke_costs_its_vicinity(at, token):
    contexts, old = ContextStore(), np.tile([1, 2, 3, 4], 50)
    keep(contexts, old)
    new = np.insert(old, at, token)
    part = part_of(contexts, "a", new, 4)
    assert at in part.active and len(part.active) <= 2 * VICINITY + 1 and part.edits == 1
    again = part_of(contexts, "a", np.delete(old, at), 4)
    assert len(again.active) <= 2 * VICINITY + 4


def test_partial_contexts_are_not_made_of_partial_ones_for_ever_and_exact_mode_makes_none():
    contexts, old = ContextStore(), np.arange(200)
    new = np.insert(old, 100, 7)
    for edits, most, whole in ((3, 4, False), (4, 4, True), (0, 0, True)):
        keep(contexts, old, edits=edits)
        assert (len(part_of(contexts, "a", new, most).active) == len(new)) == whole
        assert len(part_of(contexts, "a", old, most).active) == 0


def test_a_session_never_gets_another_ones_context_and_old_ones_go_first():
    contexts = ContextStore(max_bytes=8 * 250)
    keep(contexts, np.arange(100), "a")
    assert len(part_of(contexts, "b", np.arange(100), 4).active) == 100
    keep(contexts, np.arange(100), "b")
    contexts.put(
        "a",
        Kept(np.arange(100), np.zeros(100, int), np.arange(100), FakeContext(np.arange(100)[None])),
    )
    keep(contexts, np.arange(100), "c")
    assert len(contexts) == 2 and contexts.nbytes <= 8 * 250
    assert (
        len(part_of(contexts, "b", np.arange(100), 4).active) == 100
        and len(part_of(contexts, "a", np.arange(100), 4).active) == 0
    )
    contexts.forget("a")
    assert len(part_of(contexts, "a", np.arange(100), 4).active) == 100
    keep(contexts, np.arange(1000), "large")
    assert len(contexts) == 1


LINES = "".join(f"value_{i} = compute(width, {i}) + offset\n" for i in range(30))


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_the_next_keystroke_of_a_session_encodes_little_and_answers_alike(backend, bundled):
    def request(text, edits, session="document"):
        at = len(text) // 2
        sampler = SamplerOptions(edits=edits, repairs=0)
        typed = text[:at] + "width" + text[at:]
        return FillRequest(
            text=typed,
            spans=(Span(start=at + 5, end=at + 5, tokens=3),),
            session=session,
            sampler=sampler,
            copies=False,
        )

    with Engine(bundled, backend) as engine:
        encoded, predict = [], engine.backend.predict
        engine.backend.predict = lambda batch: (
            encoded.append(batch.input_ids.shape[1]) or predict(batch)
        )
        first = engine.fill(request(LINES, 16))
        assert encoded[0] > 200
        encoded.clear()
        same = engine.fill(request(LINES, 16))
        assert max(encoded) < 10 and same.spans == first.spans
        encoded.clear()
        changed = engine.fill(request(LINES.replace("value_14", "value_77"), 16))
        assert 10 < encoded[0] < 120 and changed.spans[0].tokens == 3
        encoded.clear()
        exact = engine.fill(request(LINES.replace("value_14", "value_78"), 0))
        alone = engine.fill(request(LINES.replace("value_14", "value_78"), 0, session=None))
        assert encoded[0] > 200 and exact.spans == alone.spans


def test_a_prepared_request_costs_steps_only_and_a_forgotten_document_starts_anew(bundled):
    span = Span(start=len(LINES) // 2, end=len(LINES) // 2, tokens=3)
    request = FillRequest(
        text=LINES,
        spans=(span,),
        session="document",
        copies=False,
        sampler=SamplerOptions(repairs=0),
    )
    with Engine(bundled) as engine:
        encoded, predict = [], engine.backend.predict
        engine.backend.predict = lambda batch: (
            encoded.append(batch.input_ids.shape[1]) or predict(batch)
        )
        engine.submit_prepare(request).future.result()
        assert len(encoded) == 1 and encoded.pop() > 200
        engine.fill(request)
        assert max(encoded) < 10
        engine.submit_forget("document").future.result()
        encoded.clear()
        engine.fill(request)
        assert encoded[0] > 200
