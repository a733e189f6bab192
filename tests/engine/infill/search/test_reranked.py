"""Answers written from the left are chosen by the text behind them, copies among them."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, RequestRejected, SamplerOptions, Span
from engine.backends.fake import FakeBackend
from engine.decoding.left_to_right.reranking.confidence import confidence
from engine.infill import infiller
from engine.infill.search.reranked import contenders, ranked_span
from engine.text.tokenizer import TextTokenizer

TEXT = "def area(width, height):\n    return width * height\n\n\nprint(area(2, 3))\n"
RANKED = SamplerOptions(order="reranked")


@pytest.fixture(scope="module")
def engine(causal_config, tokenizer, backend):
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        yield engine


def fill(engine, *spans, text=TEXT, copies=False, **more):
    request = FillRequest(text=text, spans=spans, sampler=RANKED, copies=copies, **more)
    return engine.fill(request)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(TEXT)), st.booleans(), st.integers(1, 6))
def test_an_answer_stands_where_it_was_asked_for_on_one_line(engine, at, single, most):
    result = fill(engine, Span(start=at, end=at, single_line=single, max_tokens=most))
    (span,) = result.spans
    assert result.text == TEXT[:at] + span.text + TEXT[at:] and span.text.strip(" ")
    assert not single or "\n" not in span.text


def test_of_the_answers_that_were_read_the_likeliest_with_what_follows_wins(engine, monkeypatch):
    read = {}
    plain = ranked_span.read_whole

    def watched(reader, texts, *more):
        read["scores"] = yield from plain(reader, texts, *more)
        read["texts"] = [engine.tokenizer.decode([*text.ids]) for text in texts]
        return read["scores"]

    monkeypatch.setattr(ranked_span, "read_whole", watched)
    at = TEXT.index("* height")
    result = fill(engine, Span(start=at, end=at + 1, single_line=True, max_tokens=3))
    best = max(range(len(read["texts"])), key=lambda i: read["scores"][i].score)
    assert len(read["texts"]) > 2 and result.spans[0].text in read["texts"][best]


def test_several_answers_are_different(engine):
    at = TEXT.index("* height")
    result = fill(engine, Span(start=at, end=at, single_line=True, max_tokens=3), n=4)
    (span,) = result.spans
    texts = [span.text, *span.alternatives]
    assert len(texts) == len(set(texts)) >= 4


def test_later_spans_are_written_behind_the_answers_of_earlier_ones(engine):
    first, second = TEXT.index("width *"), TEXT.index("2, 3")
    spans = (
        Span(start=first, end=first, single_line=True, max_tokens=2),
        Span(start=second, end=second, single_line=True, max_tokens=2),
    )
    both = fill(engine, *spans)
    text = TEXT[:first] + both.spans[0].text + TEXT[first:]
    moved = second + len(both.spans[0].text)
    alone = fill(engine, Span(start=moved, end=moved, single_line=True, max_tokens=2), text=text)
    assert alone.spans[0].text == both.spans[1].text


def test_an_edit_behind_the_span_leaves_the_cached_context_as_it_is(engine):
    served = engine.infiller.model.contexts.served
    span = Span(start=40, end=40, single_line=True, max_tokens=2)
    fill(engine, span, session="behind")
    before = served["reused"]
    fill(engine, span, text=TEXT + "print(width)\n", session="behind")
    assert served["reused"] == before + 1


def test_what_it_cannot_do_is_written_in_another_way(engine):
    end = Span(start=len(TEXT), end=len(TEXT), max_tokens=3)
    assert fill(engine, end).spans[0].text, "nothing stands behind"
    assert fill(engine, Span(start=40, end=40, tokens=3)).spans[0].tokens == 3
    pinned = fill(engine, Span(start=40, end=40, pins=("width",), max_tokens=12))
    assert "width" in pinned.spans[0].text


def test_forbidden_text_is_in_no_answer(engine):
    span = Span(start=30, end=30, single_line=True, max_tokens=3)
    usual = fill(engine, span).spans[0].text
    without = Span(start=30, end=30, single_line=True, max_tokens=3, forbid=(usual,))
    assert usual not in fill(engine, without).spans[0].text


def test_models_whose_context_is_not_causal_refuse(config, tokenizer):

    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with (
        Engine.with_backend(config, tokenizer, backend) as engine,
        pytest.raises(RequestRejected, match="causal context"),
    ):
        fill(engine, Span(start=3, end=3))


def test_drafts_show_every_span_in_its_place(engine):
    seen = []
    first, second = TEXT.index("width *"), TEXT.index("2, 3")
    spans = tuple(Span(start=at, end=at, single_line=True, max_tokens=3) for at in (first, second))
    request = FillRequest(text=TEXT, spans=spans, sampler=RANKED, copies=False)
    result = engine.fill(request, on_draft=seen.append)
    assert all([span.start for span in draft.spans] == [first, second] for draft in seen)
    assert seen[0].spans[1].text == "_" and seen[-1].spans[0].text == result.spans[0].text


@pytest.mark.parametrize("between", ["", " ", "\n"])
def test_blanks_with_nothing_between_them_are_written_in_another_way(engine, between):
    text = f"x = 1\ny = {between}\nz = 2\n"
    at = text.index("y = ") + 4
    spans = (
        Span(start=at - 1, end=at, max_tokens=2),
        Span(start=at + len(between), end=at + len(between) + 1, max_tokens=2),
    )
    assert len(fill(engine, *spans, text=text).spans) == 2


def test_a_context_is_prepared_for_several_spans(engine):
    spans = tuple(Span(start=at, end=at, single_line=True, max_tokens=2) for at in (30, 60))
    request = FillRequest(text=TEXT, spans=spans, sampler=RANKED, copies=False, session="prepared")
    engine.submit_prepare(request).future.result()
    served = engine.infiller.model.contexts.served
    before = served["reused"]
    engine.fill(request)
    assert served["reused"] == before + 1


def test_of_choices_the_one_wins_with_which_the_text_is_likeliest_and_shares_add_up(
    engine, monkeypatch
):
    read = {}
    plain = ranked_span.read_whole

    def watched(reader, texts, *more):
        read["scores"] = yield from plain(reader, texts, *more)
        return read["scores"]

    monkeypatch.setattr(ranked_span, "read_whole", watched)
    words = ("width", "height", "area", "print")
    at = TEXT.index("* height") + 2
    result = fill(engine, Span(start=at, end=at + len("height"), choices=words), n=4)
    (span,) = result.spans
    best = max(range(len(words)), key=lambda i: read["scores"][i].score)
    assert span.text == words[best] and {span.text, *span.alternatives} == set(words)
    assert 1 / len(words) <= span.confidence <= 1.0
    assert result.nfe <= 3, "the context, and one or two passes for all choices"


class Clock:
    """A second passes with every look at it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_a_deadline_keeps_what_is_written_and_leaves_later_spans_as_they_are(
    causal_config, tokenizer, backend
):
    spans = [Span(start=at, end=at + 1, single_line=True, max_tokens=2) for at in (20, 30, 40)]
    request = FillRequest(text=TEXT, spans=tuple(spans), sampler=RANKED, copies=False)
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        whole = engine.fill(request)
        model = engine.infiller.model
        passes = []
        for ms in (1_000.0, 4_000.0):
            object.__setattr__(model, "clock", Clock())
            late = engine.fill(msgspec.structs.replace(request, deadline_ms=ms))
            passes.append(late.nfe)
            assert late.stopped == "deadline"
            assert late.spans[0].filled and late.spans[0].text.strip()
            assert [span.withheld for span in late.spans[1:]].count("late") >= 1
            assert late.text.endswith(TEXT[41:]), "what there was no time for stays"
        assert passes[0] <= passes[1] < whole.nfe


def test_the_first_answer_is_the_one_the_ranking_chose_not_the_surest_copy(engine):
    text = "total = first + second\ncount = first + third\nwidth = first + second\nprint(width)\n"
    for at in range(24, len(text) - 12):
        request = FillRequest(
            text=text,
            spans=(Span(start=at, end=at + 3, single_line=True, max_tokens=3),),
            sampler=RANKED,
        )
        chosen = {}
        plain = infiller.rank

        def watched(found, chosen=chosen, plain=plain):
            chosen["text"] = found.answers[0].texts[0] if found.answers else None
            return plain(found)

        infiller.rank = watched
        try:
            result = engine.fill(request)
        finally:
            infiller.rank = plain
        assert chosen["text"] in (None, result.spans[0].text)


def test_answers_that_are_not_read_count_against_the_one_that_is(engine, monkeypatch):
    shares = []
    plain = ranked_span.confidence
    monkeypatch.setattr(
        ranked_span, "confidence", lambda share, *more: shares.append(share) or plain(share, *more)
    )
    monkeypatch.setattr(contenders, "FAR", 0.0)
    at = TEXT.index("* height")
    fill(engine, Span(start=at, end=at, single_line=True, max_tokens=3))
    assert len(shares) == 1 and 0 < shares[0] < 1


def test_text_that_no_answer_may_hold_can_stand_behind_a_span(
    causal_config, tokenizer, backend, monkeypatch
):
    """A blank that is left for a person, say: answers are judged by the text with it as by any."""
    barred = tokenizer.encode("print(")
    monkeypatch.setattr(TextTokenizer, "ids_with", lambda self, text: barred)
    at = TEXT.index("width * height")
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        result = fill(engine, Span(start=at, end=at + 5, single_line=True, max_tokens=3))
    assert 0 < result.spans[0].confidence < 1 and "print" not in result.spans[0].text


def test_an_answer_that_is_next_to_impossible_has_no_confidence():
    assert confidence(0.0, -1e8, copy=False, tokens=8) == 0
