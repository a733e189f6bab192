"""Borders inside words: the answer joins both halves, for models never trained on
cuts."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from tests.engine.request.test_span_rules import any_model

TEXT = "def compute(width):\n    return self.width * returned\n"


@pytest.fixture(scope="module")
def plain(config):
    return msgspec.structs.replace(
        config, expand_token_id=None, delete_token_id=None, context_attention="full"
    )


def joined(tokenizer, text, start, end, answer):
    return tokenizer.encode(text[:start] + answer + text[end:])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(TEXT)), st.integers(0, 6), st.integers(0, 10**6))
def test_the_fill_starts_and_ends_with_what_the_borders_hold_wherever_a_text_is_cut(
    plain, tokenizer, at, size, seed
):
    start, end = at, min(len(TEXT), at + size)
    with Engine.with_backend(plain, tokenizer, any_model(seed)) as engine:
        result = engine.fill(
            FillRequest(text=TEXT, spans=(Span(start=start, end=end, max_tokens=6),), copies=False)
        )
    [span] = result.spans
    assert result.text == TEXT[:start] + span.text + TEXT[end:]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(TEXT)), st.integers(1, 9), st.integers(0, 10**6), st.booleans())
def test_what_stands_in_the_span_changes_nothing(config, tokenizer, at, size, seed, one_line):
    start, end = at, min(len(TEXT), at + size)
    answers = []
    for text, last in ((TEXT, end), (TEXT[:start] + TEXT[end:], start)):
        span = Span(start=start, end=last, max_tokens=6, single_line=one_line)
        with Engine.with_backend(config, tokenizer, any_model(seed)) as engine:
            answers.append(
                engine.fill(FillRequest(text=text, spans=(span,), language="python")).spans[0]
            )
    assert answers[0].text == answers[1].text and answers[0].confidence == answers[1].confidence


def test_the_half_word_is_taken_back_and_its_token_found_again(plain, tokenizer):
    whole = tokenizer.encode(" return")
    before, after = TEXT[: TEXT.index("urn self")], TEXT[TEXT.index(" self.width *") :]
    cut = tokenizer.encode(before)
    assert (
        tokenizer.encode(before + "urn")[-len(whole) :] == whole
    )  # the true tokens are those of the whole word
    backend = FakeBackend(
        lambda ids, positions, index: np.where(np.arange(512) == whole[-1], 9.0, 0.0)
    )
    span = Span(start=len(before), end=len(before), max_tokens=4)
    with Engine.with_backend(plain, tokenizer, backend) as engine:
        engine.fill(FillRequest(text=before + after, spans=(span,), copies=False))
    seen = backend.batches[0].input_ids[0].tolist()
    assert seen[: len(cut)] == [*cut[:-1], plain.mask_token_id]


def test_the_answer_joins_both_halves(plain, tokenizer):
    text, at = "    re = 1\n", 6
    target = tokenizer.encode("    return = 1\n")
    texts = tokenizer.token_texts()
    # A model that wants the true tokens of the whole word wherever they may stand.
    wanted = [
        i
        for i in target
        if texts[i].strip() and "return".startswith(texts[i].strip()) or "turn" in texts[i]
    ]

    def score(ids, positions, index):
        logits = np.zeros(512)
        logits[wanted] = 9.0
        return logits

    with Engine.with_backend(plain, tokenizer, FakeBackend(score)) as engine:
        span = Span(start=at, end=at, max_tokens=1, single_line=True)
        found = engine.fill(FillRequest(text=text, spans=(span,), copies=False))
    assert found.text.startswith("    re") and found.text.endswith(" = 1\n")


def test_an_exact_length_is_not_healed(plain, tokenizer):
    backend = any_model(0)
    with Engine.with_backend(plain, tokenizer, backend) as engine:
        engine.fill(
            FillRequest(text="    retu\n", spans=(Span(start=8, end=8, tokens=2),), copies=False)
        )
    assert backend.batches[0].input_ids.shape[1] == len(tokenizer.encode("    retu")) + 2 + 1
