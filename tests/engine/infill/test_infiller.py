"""Fill requests end to end over a fake model."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, RequestRejected, Span
from engine.backends.fake import FakeBackend
from engine.base.errors import EngineError
from engine.infill.search.initial_canvas import START


def noisy(seed=0):
    rng = np.random.default_rng(seed)
    return FakeBackend(lambda ids, positions, index: rng.normal(0, 4, 512))


@pytest.fixture
def engine(config, tokenizer):
    with Engine.with_backend(config, tokenizer, noisy()) as engine:
        yield engine


texts = st.text(
    alphabet=st.one_of(st.sampled_from("ab =\n\r\t"), st.sampled_from("é😀\ufeff\u2028\f")),
    max_size=60,
)


@settings(deadline=None, max_examples=80)
@given(texts, st.data(), st.integers(0, 1000))
def test_text_outside_the_spans_is_unchanged(config, tokenizer, text, data, seed):
    cuts = sorted(
        data.draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=6))
        if len(text) > 1
        else {0}
    )
    ranges = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)] or [(0, 0)]
    spans = tuple(Span(start=a, end=b, max_tokens=6) for a, b in ranges)
    with Engine.with_backend(config, tokenizer, noisy(seed)) as engine:
        result = engine.fill(FillRequest(text=text, spans=spans))
    rest, at = result.text, 0
    for span, (start, end) in zip(result.spans, ranges, strict=True):
        assert (span.start, span.end) == (start, end)
        outside = text[at:start]
        assert rest.startswith(outside + span.text)
        rest, at = rest[len(outside) + len(span.text) :], end
    assert rest == text[at:]


def test_several_spans_are_denoised_together(engine):
    result = engine.fill(
        FillRequest(text="a = \nb = \n", spans=(Span(start=4, end=4), Span(start=9, end=9)))
    )
    steps = engine.backend.batches[1:]
    assert len(result.spans) == 2
    assert steps[0].input_ids.shape[1] == 2 * START  # both spans are active in one pass
    assert result.nfe == len(engine.backend.batches)


def test_the_same_seed_gives_the_same_text(config, tokenizer):
    request = FillRequest(text="x = \n", spans=(Span(start=4, end=4),), n=3, seed=5)

    def fill():
        with Engine.with_backend(
            config, tokenizer, FakeBackend(lambda i, p, k: np.sin(np.arange(512) * (k + 1)))
        ) as engine:
            result = engine.fill(request)
        return result.spans

    assert fill() == fill()


def test_an_exact_length_is_a_guarantee(engine):
    for tokens in (1, 5, 17):
        result = engine.fill(FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=tokens),)))
        assert result.spans[0].tokens == tokens


def test_a_single_line_answer_has_no_line_end(config, tokenizer):
    for seed in range(8):
        with Engine.with_backend(config, tokenizer, noisy(seed)) as engine:
            result = engine.fill(
                FillRequest(text="x = \ny", spans=(Span(start=4, end=4, single_line=True),))
            )
        assert "\n" not in result.spans[0].text


def test_alternatives_differ_from_the_answer(engine):
    span = engine.fill(
        FillRequest(text="x = \n", spans=(Span(start=4, end=4, max_tokens=4),), n=4)
    ).spans[0]
    assert span.alternatives and span.text not in span.alternatives
    assert len(set(span.alternatives)) == len(span.alternatives)


def test_the_deadline_stops_with_the_best_draft(config, tokenizer):
    now = [0.0]

    def slow(ids, positions, index):
        now[0] += 0.001
        return np.ones(512)

    engine = Engine.with_backend(config, tokenizer, FakeBackend(slow))
    engine.infiller.model = replace(engine.infiller.model, clock=lambda: now[0])
    with engine:
        result = engine.fill(
            FillRequest(text="x = ", spans=(Span(start=4, end=4),), deadline_ms=20.0)
        )
    assert result.stopped == "deadline"
    assert result.spans[0].tokens >= 1 and len(engine.backend.batches) == 3


def test_drafts_show_masked_places_and_end_without_any(engine):
    drafts = []
    engine.fill(FillRequest(text="x = ", spans=(Span(start=4, end=4, tokens=6),)), drafts.append)
    assert "_" in drafts[0].spans[0].text
    assert [d.step for d in drafts] == list(range(1, len(drafts) + 1))
    assert 0 < drafts[-1].spans[0].confidence <= 1


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ((), "nothing to fill"),
        ((Span(start=3, end=9),), "outside the text"),
        ((Span(start=2, end=1),), "outside the text"),
        ((Span(start=0, end=3), Span(start=2, end=4)), "overlap"),
        ((Span(start=1, end=1), Span(start=1, end=1)), "overlap"),
        ((Span(start=0, end=0, tokens=0),), "not possible"),
        ((Span(start=0, end=0, tokens=200),), "do not fit"),
    ],
)
def test_requests_that_cannot_be_served_say_why(engine, spans, says):
    with pytest.raises(RequestRejected, match=says):
        engine.fill(FillRequest(text="abcde", spans=spans, window=128))


def test_a_blank_in_an_otherwise_empty_text_is_filled(engine):
    result = engine.fill(FillRequest(text="", spans=(Span(start=0, end=0, max_tokens=8),)))
    assert result.text == result.spans[0].text


def test_one_bad_request_fails_alone(config, tokenizer):
    calls = []

    def score(ids, positions, index):
        calls.append(1)
        if len(calls) == 1:
            raise EngineError("broken")
        return np.ones(512)

    with Engine.with_backend(config, tokenizer, FakeBackend(score)) as engine:
        request = FillRequest(text="x = ", spans=(Span(start=4, end=4, max_tokens=4),))
        with pytest.raises(EngineError, match="broken"):
            engine.fill(request)
        assert engine.fill(request).spans[0].tokens >= 1


def test_an_answer_with_a_bracket_too_many_keeps_little_of_its_confidence(config, tokenizer):
    def always(string):
        scores = np.zeros(512)
        scores[tokenizer.encode(string)[0]] = 9.0
        return FakeBackend(lambda ids, positions, index: scores)

    def confidence(string, language):
        with Engine.with_backend(config, tokenizer, always(string)) as engine:
            span = Span(start=4, end=4, tokens=1)
            return (
                engine.fill(FillRequest(text="x = \ny = 1\n", spans=(span,), language=language))
                .spans[0]
                .confidence
            )

    assert confidence("(", "python") < 0.3 < confidence("(", None)
    assert confidence("1", "python") == pytest.approx(confidence("1", "plaintext"))


def test_the_tokens_of_a_draft_are_its_text_and_only_masked_ones_have_no_confidence(bundled):
    drafts = []
    text = "def h(x):\n    print('h\u00e9llo ____\n    self.coun\n"
    spans = tuple(
        Span(start=text.index(word), end=text.index(word) + 4) for word in ("____", "coun")
    )
    with Engine(bundled) as engine:
        engine.fill(FillRequest(text=text, spans=spans, copies=False), drafts.append)
    shown = [span for draft in drafts for span in draft.spans]
    assert all("".join(token.text for token in span.tokens) == span.text for span in shown)
    assert any(token.confidence is None for span in shown for token in span.tokens)
    assert all(
        token.text == "_" for span in shown for token in span.tokens if token.confidence is None
    )
