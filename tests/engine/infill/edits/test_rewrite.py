"""Rewriting and writing before: what may change changes, nothing else does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import BeforeRequest, Engine, RequestRejected, RewriteRequest
from engine.request.messages import Span
from engine.request.span_rules import missing_pin
from tests.engine.request.test_span_rules import any_model

TEXT = "The parser reads the whole file.\nThen it closes the file again.\nAfter that nothing happens.\n"
START, END = TEXT.index("Then"), TEXT.index("\nAfter")


def rewritten(config, tokenizer, seed=0, **options):
    with Engine.with_backend(config, tokenizer, any_model(seed)) as engine:
        request = RewriteRequest(text=TEXT, start=START, end=END, seed=seed, **options)
        return engine.submit_rewrite(request).future.result()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.5, 1.0]))
def test_text_outside_the_selection_stays(config, tokenizer, seed, strength):
    result = rewritten(config, tokenizer, seed, strength=strength)
    [span] = result.spans
    assert (span.start, span.end) == (START, END)
    assert result.text == TEXT[:START] + span.text + TEXT[END:]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_kept_words_are_in_the_new_text(config, tokenizer, seed):
    answer = rewritten(config, tokenizer, seed, keep=("closes", "file")).spans[0].text
    assert missing_pin(answer, "\n", "\n", Span(start=0, end=0, pins=("closes", "file"))) is None


def test_the_same_length_means_tokens(config, tokenizer):
    result = rewritten(config, tokenizer, same_length=True)
    assert result.spans[0].tokens == len(tokenizer.encode(TEXT[START:END]))


def test_only_the_most_surprising_words_change_at_low_strength(config, tokenizer):
    odd = tokenizer.encode(" closes")

    def score(ids, positions, index):
        logits = np.full(512, 0.0)
        logits[odd] = -40.0
        logits[100] = 5.0
        return logits

    from engine.backends.fake import FakeBackend

    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        request = RewriteRequest(text=TEXT, start=START, end=END, strength=0.17)
        answer = engine.submit_rewrite(request).future.result().spans[0].text
    before, after = "Then it ", " the file again."
    assert answer.startswith(before) and answer.endswith(after) and "closes" not in answer


def test_nothing_to_rewrite_is_rejected(config, tokenizer):
    with Engine.with_backend(config, tokenizer, any_model(0)) as engine:
        for start, end in ((5, 5), (9, 5), (0, 10_000), (-1, 4)):
            with pytest.raises(RequestRejected, match="select"):
                engine.submit_rewrite(
                    RewriteRequest(text=TEXT, start=start, end=end)
                ).future.result()
        with pytest.raises(RequestRejected, match="keep fewer words"):
            request = RewriteRequest(
                text=TEXT, start=0, end=10, keep=("The", "parser"), strength=0.5
            )
            engine.submit_rewrite(request).future.result()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 90), st.sampled_from([0, START]))
def test_what_is_written_before_stands_in_front_and_has_its_length(
    config, tokenizer, seed, tokens, at
):
    with Engine.with_backend(config, tokenizer, any_model(seed)) as engine:
        result = engine.submit_before(
            BeforeRequest(text=TEXT, at=at, tokens=tokens, seed=seed)
        ).future.result()
    [span] = result.spans
    assert (
        result.text == TEXT[:at] + span.text + TEXT[at:]
        and span.tokens == tokens
        and result.stopped == "complete"
    )


def test_later_pieces_are_written_first(config, tokenizer):
    backend = any_model(3)
    with Engine.with_backend(config, tokenizer, backend) as engine:
        engine.submit_before(BeforeRequest(text=TEXT, at=0, tokens=48)).future.result()
    contexts = [len(batch.input_ids[0]) for batch in backend.batches if batch.keep is not None]
    assert len(contexts) == 2 and contexts[1] > contexts[0]


def test_before_needs_a_text_that_follows(config, tokenizer):
    with Engine.with_backend(config, tokenizer, any_model(0)) as engine:
        for at in (len(TEXT), -1):
            with pytest.raises(RequestRejected, match="in front of some text"):
                engine.submit_before(BeforeRequest(text=TEXT, at=at)).future.result()
