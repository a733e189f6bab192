"""Spans written from the left keep what spans of masks keep."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, RequestRejected, SamplerOptions, Span
from engine.backends.passes import counting
from engine.base.deadline import Deadline
from engine.decoding.token_healing import Border
from engine.infill.attempt import answer
from engine.infill.copy_spans import copy_spans
from engine.infill.plan import plan
from engine.infill.search import causal_answer
from engine.infill.search.writing_rules import LONGEST_ANSWER, ends
from engine.infill.task import UncheckedFill, validate
from engine.infill.window import window
from tests.engine.causal_models import run

TEXT = "def area(width, height):\n    return width * height\n\n\nprint(area(2, 3))\n"
LEFT = SamplerOptions(order="one_at_a_time", repairs=0)


@pytest.fixture(scope="module")
def engine(causal_config, tokenizer, backend):
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        yield engine


def fill(engine, on_draft=None, text=TEXT, sampler=LEFT, n=1, **span):
    request = FillRequest(text=text, spans=(Span(**span),), sampler=sampler, n=n, copies=False)
    return engine.fill(request, on_draft=on_draft)


@settings(max_examples=60)
@given(st.integers(0, len(TEXT)), st.booleans(), st.integers(1, 12))
def test_an_answer_stands_where_it_was_asked_for_on_one_line(engine, at, single, most):
    result = fill(engine, start=at, end=at, single_line=single, max_tokens=most)
    (span,) = result.spans
    assert result.text == TEXT[:at] + span.text + TEXT[at:]
    assert not single or "\n" not in span.text


def test_a_told_length_is_kept_and_costs_one_pass_a_token(engine):
    for tokens in (1, 5, 17):
        result = fill(engine, start=40, end=40, tokens=tokens)
        assert result.spans[0].tokens == tokens
        assert result.nfe <= tokens + 1  # one more encodes the context


def test_a_likely_answer_that_comes_true_saves_passes(engine, backend):
    model = engine.infiller.model

    def attempt(at, guesses):
        request = FillRequest(
            text=TEXT, spans=(Span(start=at, end=at, max_tokens=3),), sampler=LEFT
        )
        task = replace(validate(UncheckedFill(model, request, Deadline())), guesses=guesses)
        return run(counting(answer(run(plan(window(task)), backend)[0], 0)), backend)[0]

    saved = []
    for at in range(len(TEXT)):
        alone, passes = attempt(at, {})
        guessed, fewer = attempt(at, {0: {"print": 0.5, alone.texts[0]: 0.4}})
        assert guessed.texts == alone.texts
        assert guessed.confidences == pytest.approx(alone.confidences)
        saved.append(passes - fewer)
    # A random model seldom writes tokens as its tokenizer would.
    assert min(saved) >= 0 and max(saved) == 2


def test_copies_that_are_not_sure_are_guesses(engine):
    text = "total = first + second\ncount = first + third\nvalue = \n"
    at = text.index("value = ") + len("value = ")
    request = FillRequest(text=text, spans=(Span(start=at, end=at, single_line=True),))
    copied = copy_spans(validate(UncheckedFill(engine.infiller.model, request, Deadline())))
    assert not copied.sure
    assert copied.model_task.guesses == {
        0: {copy.text: copy.probability for copy in copied.copies[0]}
    }


def test_an_answer_is_bounded_where_the_model_finds_no_end(engine):
    result = fill(engine, start=40, end=40, max_tokens=LONGEST_ANSWER + 50)
    assert result.spans[0].tokens <= LONGEST_ANSWER


def test_drafts_grow_from_the_left(engine):
    seen = []
    fill(engine, lambda draft: seen.append(draft.spans[0].tokens), start=40, end=40, tokens=6)
    written = [sum(token.confidence is not None for token in tokens) for tokens in seen]
    assert written == sorted(written) and written[-1] >= 6
    for tokens in seen:
        known = [token.confidence is not None for token in tokens]
        assert known == sorted(known, reverse=True)


def test_further_answers_differ(engine):
    (span,) = fill(engine, start=40, end=40, tokens=4, n=3).spans
    assert span.alternatives and span.text not in span.alternatives


@pytest.mark.parametrize("lines", [2, 4])
def test_a_told_number_of_lines_is_kept_and_no_line_is_left_blank(engine, lines, monkeypatch):
    texts = []
    plain = causal_answer.write_one_at_a_time

    def watched(*arguments):
        [written] = yield from plain(*arguments)
        texts.append(engine.tokenizer.decode(written.tokens))
        return [written]

    monkeypatch.setattr(causal_answer, "write_one_at_a_time", watched)
    kept = 0
    for at in range(0, len(TEXT), 4):
        result = fill(engine, start=at, end=at, lines=lines, max_tokens=6 * lines)
        assert result.spans[0].text.count("\n") == lines - 1
        own = (TEXT[:at].rpartition("\n")[2] + texts[-1]).split("\n")
        assert len(own) <= lines and all(line.strip() for line in own[:-1])
        kept += len(own) == lines and bool(own[-1].strip())
    # A random model may write halves of characters until its room is used up; then masks are used.
    assert kept >= 5


def test_pins_are_still_written_by_masks(engine):
    pinned = fill(engine, start=40, end=40, max_tokens=24, pins=("sum",))
    assert "sum" in pinned.spans[0].text


@settings(max_examples=30)
@given(st.sets(st.integers(0, len(TEXT)), min_size=4, max_size=8), st.data())
def test_several_spans_stand_where_they_were_asked_for(engine, cuts, data):
    ends = sorted(cuts)[: len(cuts) // 2 * 2]
    spans = tuple(
        Span(start=a, end=b, max_tokens=9) for a, b in zip(*[iter(ends)] * 2, strict=True)
    )
    result = engine.fill(FillRequest(text=TEXT, spans=spans, sampler=LEFT, copies=False))
    expected, at = "", 0
    for asked, found in zip(spans, result.spans, strict=True):
        expected += TEXT[at : asked.start] + found.text
        at = asked.end
    assert result.text == expected + TEXT[at:]


def test_spans_of_one_name_get_one_text_that_fits_all_of_them(engine):
    spans = tuple(Span(start=at, end=at, max_tokens=4, name="x") for at in (9, 40, 60))
    result = engine.fill(FillRequest(text=TEXT, spans=spans, sampler=LEFT, copies=False))
    assert len({span.text for span in result.spans}) == 1 and result.spans[0].text
    assert 0.0 < result.spans[0].confidence <= 1.0


def test_a_choice_beside_an_open_span_is_read_and_the_open_span_written_from_the_left(engine):
    words = ("print", "width", "area")
    spans = (Span(start=9, end=14, choices=words), Span(start=40, end=40, tokens=4))
    result = engine.fill(FillRequest(text=TEXT, spans=spans, sampler=LEFT, copies=False))
    assert result.spans[0].text in words and result.spans[1].tokens == 4
    # the context, one pass for each choice, one for each token of the open span
    assert result.nfe <= 1 + len(words) + 4


def test_several_spans_cost_one_pass_a_token(engine):
    spans = (Span(start=9, end=14, tokens=2), Span(start=40, end=40, tokens=4))
    result = engine.fill(FillRequest(text=TEXT, spans=spans, sampler=LEFT, copies=False))
    assert [span.tokens for span in result.spans] == [2, 4]
    assert result.nfe <= 2 + 4 + 1  # one more encodes the context


def test_a_model_that_reads_both_ways_is_refused_this_order(config, tokenizer, backend):
    with (
        Engine.with_backend(config, tokenizer, backend) as engine,
        pytest.raises(RequestRejected, match="Only models with causal context"),
    ):
        fill(engine, start=4, end=4)


def test_confidence_is_the_probability_of_the_whole_answer_and_none_where_it_was_cut_off(engine):
    # the tokens of a random model have about 1 / 500 each: five together none that is shown
    one, five = (fill(engine, start=40, end=40, tokens=n).spans[0].confidence for n in (1, 5))
    assert five == 0.0 < one
    cut_off = fill(engine, start=40, end=40, max_tokens=2, min_tokens=2).spans[0]
    assert cut_off.confidence == 0.0


IN_WORDS = [i for i in range(1, len(TEXT)) if TEXT[i - 1 : i + 1].isalpha()]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(IN_WORDS), st.sampled_from(IN_WORDS))
def test_between_two_half_words_an_answer_is_written_from_the_left_and_never_nothing(
    engine, one, other
):
    begin, end = sorted((one, other))
    drafts = []
    result = fill(engine, drafts.append, start=begin, end=end, max_tokens=12)
    assert result.text == TEXT[:begin] + result.spans[0].text + TEXT[end:]
    # A random model may also write bytes that are no character, till there is no room left.
    texts = [token.text for token in drafts[-1].spans[0].tokens]
    assert result.spans[0].text.strip(" ") or "" in texts
    first = [token.confidence is not None for token in drafts[0].spans[0].tokens]
    assert first == sorted(first, reverse=True), "masks would be filled in any order"


def test_spaces_alone_are_no_answer_and_half_words_stay():
    word = Border("widt", "t")
    assert ends("width height", word) and not ends("widtt", word) and not ends("width ", word)
    assert not ends("  ", Border()) and ends("\n", Border()) and ends(" x", Border())
