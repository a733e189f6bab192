"""What a span asks for is what it gets, whatever the model would rather write."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, RequestRejected, Span
from engine.backends.fake import FakeBackend
from engine.llada.generate import GenerateRequest
from engine.request.span_rules import missing_pin

TEXT = "def total(items):\n    return  + 1\n"
AT = TEXT.index(" + 1")


def any_model(seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(0, 4, (64, 512))
    return FakeBackend(
        lambda ids, positions, index: table[(int(positions[index]) * 7 + int(ids.sum())) % 64]
    )


def fill(config, tokenizer, *spans, seed=0, text=TEXT, n=1):
    with Engine.with_backend(config, tokenizer, any_model(seed)) as engine:
        return engine.fill(FillRequest(text=text, spans=spans, n=n, seed=seed))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10**6),
    st.lists(st.sampled_from(["sum", "items", "x_1", "len(", "é", "= 3"]), min_size=1, max_size=3),
)
def test_pins_stand_in_the_answer_in_order_as_words_of_their_own(config, tokenizer, seed, pins):
    result = fill(
        config,
        tokenizer,
        Span(start=AT, end=AT, max_tokens=24, single_line=True, pins=tuple(pins)),
        seed=seed,
    )
    answer = result.spans[0].text
    assert missing_pin(answer, TEXT[:AT], TEXT[AT:], Span(start=0, end=0, pins=tuple(pins))) is None
    assert result.text == TEXT[:AT] + answer + TEXT[AT:]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_a_number_of_lines_is_kept(config, tokenizer, seed, lines, pinned):
    span = Span(start=AT, end=AT, max_tokens=64, lines=lines, pins=("sum",) if pinned else ())
    answer = fill(config, tokenizer, span, seed=seed).spans[0].text
    assert answer.count("\n") == lines - 1 and ("sum" in answer or not pinned)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 8))
def test_the_length_stays_between_its_bounds(config, tokenizer, seed, least, more):
    span = Span(start=AT, end=AT, min_tokens=least, max_tokens=least + more)
    assert least <= fill(config, tokenizer, span, seed=seed).spans[0].tokens <= least + more


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_tied_spans_have_one_text_and_one_length(config, tokenizer, seed):
    text = "a = \nprint(, end='')\n"
    spans = (
        Span(start=4, end=4, name="x", max_tokens=9),
        Span(start=11, end=11, name="x", single_line=True),
    )
    first, second = fill(config, tokenizer, *spans, seed=seed, text=text, n=2).spans
    assert first.text == second.text and first.tokens == second.tokens and "\n" not in first.text


def test_tied_predictions_are_summed(config, tokenizer):
    def score(ids, positions, index):
        logits = np.full(512, -50.0)
        logits[[40, 41]] = (3.0, 2.0) if positions[index] < 6 else (0.0, 2.0)
        return logits

    text = "ab cd\nef gh ij kl\n"
    spans = (Span(start=2, end=2, name="x", tokens=1), Span(start=11, end=11, name="x", tokens=1))
    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        together = engine.fill(FillRequest(text=text, spans=spans))
        alone = engine.fill(FillRequest(text=text, spans=spans[:1]))
    assert {s.text for s in together.spans} == {tokenizer.decode([41])} and alone.spans[
        0
    ].text == tokenizer.decode([40])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(["e", "the", " "]))
def test_forbidden_strings_do_not_appear(config, tokenizer, seed, word):
    span = Span(start=AT, end=AT, max_tokens=6, forbid=(word,))
    try:
        assert word not in fill(config, tokenizer, span, seed=seed).spans[0].text
    except RequestRejected as exc:
        assert "was asked" in str(exc)


def test_a_choice_is_one_of_the_strings_and_the_likeliest(config, tokenizer):
    yes, no = (tokenizer.encode(word) for word in ("return", "import"))

    def score(ids, positions, index):
        logits = np.full(512, -20.0)
        logits[yes], logits[no], logits[config.delete_token_id] = 9.0, 1.0, 5.0
        return logits

    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        span = Span(start=0, end=0, choices=("import", "return"))
        found = engine.fill(FillRequest(text=" x\n", spans=(span,))).spans[0]
    assert found.text == "return" and 0.5 < found.confidence <= 1.0


def test_candidates_are_different_and_ranked(config, tokenizer):
    found = fill(config, tokenizer, Span(start=AT, end=AT, max_tokens=8), n=4).spans[0]
    assert len({found.text, *found.alternatives}) == len(found.alternatives) + 1 == 4


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pins": ("a " * 40,), "tokens": 4}, "do not fit"),
        ({"pins": (" ",)}, "not blank"),
        ({"pins": ("total",), "forbid": ("tot",)}, "part of a pin"),
        ({"lines": 9, "max_tokens": 8}, "lines do not fit"),
        ({"lines": 2, "single_line": True}, "inside a line"),
        ({"min_tokens": 9, "max_tokens": 8}, "not possible"),
        ({"forbid": ("",)}, "empty"),
        ({"choices": ("a",), "tokens": 3}, "Choices"),
    ],
)
def test_what_cannot_be_kept_is_rejected_with_the_reason(config, tokenizer, options, reason):
    with pytest.raises(RequestRejected, match=reason):
        fill(config, tokenizer, msgspec.structs.replace(Span(start=AT, end=AT), **options))


def test_spans_of_one_name_that_want_different_things_are_rejected(config, tokenizer):
    spans = (Span(start=0, end=0, name="x", tokens=2), Span(start=4, end=4, name="x", tokens=3))
    with pytest.raises(RequestRejected, match="different lengths"):
        fill(config, tokenizer, *spans)


def test_a_negative_seed_is_refused_in_a_sentence(config, tokenizer):
    with Engine.with_backend(
        config, tokenizer, FakeBackend(lambda ids, positions, index: np.zeros(512))
    ) as engine:
        with pytest.raises(RequestRejected, match="seed -1 is not possible"):
            engine.fill(FillRequest(text="a ", spans=(Span(start=2, end=2),), seed=-1))
        with pytest.raises(RequestRejected, match="seed -1 is negative"):
            engine.generate(GenerateRequest(prompt_ids=(20,), gen_length=32, seed=-1))
