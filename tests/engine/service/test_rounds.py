"""Many blanks: in rounds where they do not fit one window, each blank answered once and in its
place."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from engine.base.deadline import Deadline
from engine.base.errors import RequestRejected
from engine.copying.apply import copies_of
from engine.request.span_rules import MOST_CHOICES
from engine.service.rounds import split


def spans(count, **fields):
    return [Span(start=10 * i, end=10 * i + 4, **fields) for i in range(count)]


def test_rounds_hold_every_span_once_and_fit():
    rounds = split(spans(100), 256)
    assert sorted(number for numbers in rounds for number in numbers) == list(range(100))
    assert len(rounds) > 1 and all(len(numbers) * 8 <= 256 for numbers in rounds)


def test_spans_of_one_name_are_in_one_round():
    named = [
        Span(start=10 * i, end=10 * i + 4, name="x" if i in (0, 99) else None) for i in range(100)
    ]
    assert any({0, 99} <= set(numbers) for numbers in split(named, 256))


@pytest.fixture
def engine(config, tokenizer):
    logits = np.zeros(512)
    logits[tokenizer.encode("a")[0]] = 5.0
    with Engine.with_backend(config, tokenizer, FakeBackend(lambda ids, at, k: logits)) as engine:
        yield engine


def test_a_hundred_blanks_are_filled_and_nothing_else_changes(engine):
    text = "".join(f"item {i:03} ____ end\n" for i in range(100))
    marked = tuple(
        Span(start=at, end=at + 4, tokens=2)
        for at in range(len(text))
        if text.startswith("____", at)
    )
    many = engine.fill(FillRequest(text=text, spans=marked * 1, copies=False, window=128))
    assert len(many.spans) == 100 and "____" not in many.text
    rebuilt, at = "", 0
    for span in many.spans:
        assert text[span.start : span.end] == "____"
        rebuilt += text[at : span.start] + span.text
        at = span.end
    assert many.text == rebuilt + text[at:]


def test_a_deadline_bounds_all_rounds_together(engine):
    text = "____ " * 60
    marked = tuple(Span(start=5 * i, end=5 * i + 4, tokens=4) for i in range(60))
    now = iter(np.arange(0, 1e6, 0.01))  # every look at the clock takes ten milliseconds
    engine.infiller.model = replace(engine.infiller.model, clock=lambda: float(next(now)))
    result = engine.fill(
        FillRequest(text=text, spans=marked, copies=False, window=64, deadline_ms=50)
    )
    assert result.stopped == "deadline" and len(result.spans) == 60
    filled = [span for span in result.spans if span.filled]
    assert 0 < len(filled) <= 8, "one round, which is answered whatever it takes"
    assert {span.withheld for span in result.spans if not span.filled} == {"late"}
    assert result.text.count("____") == 60 - len(filled)


def seen_in_rounds(engine, request):
    """The texts and spans that every round was asked for."""
    asked, fill = [], engine.infiller.fill
    engine.infiller.fill = lambda part, *rest: asked.append(part) or fill(part, *rest)
    return engine.fill(request), asked


@pytest.mark.parametrize("least", [None, 1.0], ids=["all are filled", "all are withheld"])
def test_a_round_sees_the_answers_before_it_and_no_blank_of_another_round(engine, least):
    text = "".join(f"item {i:03} ____ end\n" for i in range(40))
    marked = tuple(
        Span(start=at, end=at + 4, tokens=3)
        for at in range(len(text))
        if text.startswith("____", at)
    )
    request = FillRequest(text=text, spans=marked, copies=False, window=64, min_confidence=least)
    result, rounds = seen_in_rounds(engine, request)
    assert len(rounds) > 2 and (result.text == text) == (least is not None)
    for part in rounds:
        assert {part.text[span.start : span.end] for span in part.spans} == {"____"}
        assert part.text.count("____") == len(part.spans)
    assert rounds[-1].text.startswith(f"item 000 {result.spans[0].text} end\n")


def test_drafts_of_every_round_show_all_spans_where_they_are(engine):
    text = "____ " * 60
    marked = tuple(Span(start=5 * i, end=5 * i + 4, tokens=4) for i in range(60))
    drafts = []
    engine.fill(FillRequest(text=text, spans=marked, copies=False, window=64), drafts.append)
    assert {tuple((one.start, one.end) for one in draft.spans) for draft in drafts} == {
        tuple((span.start, span.end) for span in marked)
    }
    first, last = drafts[0].spans, drafts[-1].spans
    assert first[-1].text == "_" and first[-1].tokens[0].confidence is None
    assert last[0].text.strip("_") and all(token.confidence for token in last[0].tokens)


def test_choices_are_bounded_by_the_deadline(engine):
    now = iter(np.arange(0, 1e6, 0.01))
    engine.infiller.model = replace(engine.infiller.model, clock=lambda: float(next(now)))
    span = Span(start=0, end=0, choices=tuple(f"a{i}" for i in range(1_000)))
    passes = engine.fill(FillRequest(text=" x", spans=(span,), copies=False, deadline_ms=100))
    assert (
        passes.nfe < 100 and passes.stopped == "deadline" and passes.spans[0].text in span.choices
    )


def test_copies_are_bounded_by_the_deadline():
    looks = []

    def clock():
        looks.append(1)
        return float(len(looks) > 3)

    text = "alpha beta gamma\n" * 50
    marked = [Span(start=17 * i + 6, end=17 * i + 6) for i in range(40)]

    class Words:
        def encode(self, text):
            return text.split()

    found = copies_of(
        FillRequest(text=text, spans=tuple(marked)), marked, [], Words(), Deadline(0.5, clock)
    )
    assert len(looks) == 4 and len(found) <= 3


BEYOND = [
    {"seed": -1},
    {"n": 0},
    {"n": 10**6},
    {"deadline_ms": -1.0},
    {"deadline_ms": float("nan")},
    {"deadline_ms": float("inf")},
    {"window": 0},
    {"window": 10**12},
    {"spans": ()},
]


@pytest.mark.parametrize("fields", BEYOND, ids=str)
def test_numbers_beyond_sense_are_refused_before_a_pass(engine, fields):
    request = {"text": "a b", "spans": (Span(start=1, end=1),)} | fields
    with pytest.raises(RequestRejected):
        engine.fill(FillRequest(**request))


@pytest.mark.parametrize(
    "fields",
    [{"choices": ("a",) * (MOST_CHOICES + 1)}, {"pins": ("a",) * 100}, {"forbid": ("a",) * 2_000}],
    ids=range(3),
)
def test_wishes_beyond_number_are_refused(engine, fields):
    with pytest.raises(RequestRejected, match="too many"):
        engine.fill(FillRequest(text="a b", spans=(Span(start=1, end=1, **fields),)))
