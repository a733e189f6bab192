"""Copies: what stood elsewhere between the same neighbours, found without a pass and taken when it
is sure."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Engine, FillRequest, Snippet, Span
from engine.copying.apply import SPARE, SURE, copies_of, insert_copies
from engine.copying.ranking import Copy
from engine.copying.ranking import copies as copies_at
from engine.copying.renamed_match import RenamedMatch
from engine.copying.span_context import LONGEST_COPY, REACH, SENTINEL, SpanContext
from engine.copying.verbatim import MOST_ENDS, VerbatimMatch, verbatim_matches
from engine.network.calibration import Calibration
from tests.engine.request.test_span_rules import any_model

CODE = "def area(box):\n    return box.width * box.height\n\n\ndef rim(box):\n    return 2 * (box.width + box.height)\n"


def copies(*arguments, **options):
    """Of the span that the arguments of ``SpanContext.of`` describe."""
    return copies_at(SpanContext.of(*arguments, **options))


def cut(text, answer, number=1):
    """The text without the occurrence ``number`` of ``answer``, and where it stood."""
    at = -1
    for _ in range(number):
        at = text.index(answer, at + 1)
    return text[:at] + text[at + len(answer) :], at


def test_what_stood_between_the_same_neighbours_is_the_first_candidate():
    text, at = cut(CODE + "\nprint(box.width + box.height)\n", "x.widt", 3)
    best = copies(text, at, at)[0]
    assert best.text == "x.widt" and best.probability > 0.2


def test_longer_matches_on_both_sides_make_a_copy_more_probable():
    near = "alpha(one, two, three)\n" * 2 + "beta(one, "
    good = copies(near + ", three)\n", len(near), len(near))
    weak = copies(near + "\n", len(near), len(near))
    assert good[0].text == "two" and (not weak or weak[0].probability < good[0].probability)


def test_related_files_are_searched():
    text, at = cut("value = compute_total(items)\n", "te_tot")
    assert all(copy.text != "te_tot" for copy in copies(text, at, at))
    assert (
        copies(text, at, at, [Snippet(path="x", text="print(compute_total(rows))\n")])[0].text
        == "te_tot"
    )


def test_other_blanks_are_neither_matched_nor_copied():
    text = "a = call(____)\nb = call(____)\nc = call(____)\n"
    blanks = [i for i in range(len(text)) if text.startswith("____", i)]
    others = [(blank, blank + 4) for blank in blanks[1:]]
    assert all(
        "_" not in copy.text for copy in copies(text, blanks[0], blanks[0] + 4, others=others)
    )


@settings(deadline=None)
@given(st.text(alphabet="ab \n(\t", max_size=120), st.integers(0, 120), st.booleans())
def test_every_copy_stands_in_the_text_and_a_line_stays_a_line(text, at, single_line):
    at = min(at, len(text))
    for copy in verbatim_matches(SpanContext.of(text, at, at, single_line=single_line)):
        assert copy in text and SENTINEL not in copy and copy.strip()
        assert not single_line or ("\n" not in copy and len(copy) <= LONGEST_COPY)


def test_of_a_large_document_only_the_neighbourhood_of_the_span_is_read():
    text, at = "    value = compute(width, height)\n" * 200_000, 3_000_010
    assert SpanContext.of(text, at, at) == SpanContext.of(
        text[at - REACH : at + REACH], REACH, REACH
    )


@pytest.mark.parametrize("unit", ["0, ", "a", "-", "(", "ab ", "1,2,3\n", "\n"])
@pytest.mark.parametrize("single_line", [True, False])
def test_a_text_that_repeats_itself_is_given_up_on_early(unit, single_line, monkeypatch):
    compared = [0]

    def counted(add):
        def wrapped(*arguments):
            compared[0] += 1
            add(*arguments)

        return wrapped

    for kind in (VerbatimMatch, RenamedMatch):
        monkeypatch.setattr(kind, "add", counted(kind.add))
    text = unit * (20_000 // len(unit))
    copies(text, len(text) // 2, len(text) // 2, single_line=single_line)
    assert compared[0] <= 2 * MOST_ENDS


def test_copies_keep_what_the_span_asks_for(tokenizer):
    text, at = cut(CODE, "x.widt", 2)
    length = len(tokenizer.encode("x.widt"))

    def found(**options):
        span = Span(start=at, end=at, single_line=True, **options)
        return [
            copy.text
            for copy in copies_of(
                FillRequest(text=text, spans=(span,), n=8), [span], [], tokenizer
            ).get(0, [])
        ]

    assert "x.widt" in found() and "x.widt" in found(tokens=length)
    assert (
        "x.widt" not in found(tokens=length + 1)
        and "x.widt" not in found(forbid=("wid",))
        and found(pins=("x",)) == []
    )


def test_no_more_copies_are_judged_than_may_be_shown(tokenizer):
    text, at = cut(CODE, "x.widt", 2)
    span = Span(start=at, end=at, single_line=True)
    found = [
        copies_of(FillRequest(text=text, spans=(span,), n=n), [span], [], tokenizer)[0]
        for n in (1, 8)
    ]
    assert found[0] == found[1][: 1 + SPARE] and len(found[1]) > 1 + SPARE


def test_a_copy_that_breaks_the_syntax_is_left_out(tokenizer):
    text = "b = g\nx = g(\n    1\n)\n"
    span = Span(start=5, end=5, single_line=True)
    loose, strict = (
        [
            copy.text
            for copy in copies_of(
                FillRequest(text=text, spans=(span,), language=name, n=8), [span], [], tokenizer
            ).get(0, [])
        ]
        for name in (None, "python")
    )
    assert "(" in loose and "(" not in strict


def test_sure_copies_are_put_in_first_and_the_rest_moves_with_the_text():
    text = "ab__cd__ef"
    spans = [Span(start=2, end=4), Span(start=6, end=8)]
    request = FillRequest(text=text, spans=tuple(spans))
    remaining = insert_copies(request, spans, {0: Copy("12345", 0.9)})
    assert remaining.request.text == "ab12345cd__ef" and remaining.numbers == [1]
    assert [(span.start, span.end) for span in remaining.spans] == [(9, 11)]


@pytest.fixture
def calibrated(config, tokenizer):
    with Engine.with_backend(config, tokenizer, any_model(1)) as engine:
        engine.infiller.model = replace(
            engine.infiller.model, calibration=Calibration(confidence=((0.0, 0.0), (1.0, 0.3)))
        )
        yield engine


def test_a_sure_copy_needs_no_pass_and_its_probability_is_the_confidence(calibrated):
    text = "total = compute(width, height, depth)\n" * 4 + "total = compute(wid"
    after = "ight, depth)\n"
    request = FillRequest(
        text=text + after, spans=(Span(start=len(text), end=len(text), single_line=True),)
    )
    result = calibrated.fill(request)
    assert (
        result.text == text + "th, he" + after
        and result.nfe == 0
        and result.spans[0].confidence >= SURE
    )
    asked = calibrated.fill(FillRequest(text=request.text, spans=request.spans, copies=False))
    assert asked.nfe > 0 and asked.spans[0].confidence <= 0.3
    several = calibrated.fill(FillRequest(text=request.text, spans=request.spans, n=3))
    assert several.spans[0].text == "th, he" and len(several.spans[0].alternatives) == 2
