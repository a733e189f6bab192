"""Answers and drafts are read from a canvas; here every letter is a token."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from engine import FillRequest, Span
from engine.base.deadline import Deadline
from engine.decoding.canvas import CONTEXT, Canvas
from engine.decoding.token_healing import Border, TokenHealing
from engine.infill.plan import Chosen, Plan
from engine.infill.readout import (
    Denoised,
    broken_promise,
    draft_of,
    new_errors_of,
    read_out,
    token_of,
)
from engine.infill.task import FillTask
from engine.infill.window import Prompt
from engine.request.span_rules import tied

MASK = 0


class Letters:
    """Every character is a token, and so is every letter beyond as a pair: 0x10000 + letter."""

    def decode(self, ids):
        return "".join(self.decode_each(ids))

    def decode_each(self, ids):
        return [chr(i) if i < 0x10000 else chr(i - 0x10000) * 2 for i in ids]


def canvas_of(*answers, certainty=0.5):
    """Spans with these texts between single tokens of context, each written with ``certainty``;
    ``_`` is a mask."""
    ids, groups = [ord("|")], [CONTEXT]
    for group, answer in enumerate(answers):
        ids += [*[MASK] * len(answer), ord("|")]
        groups += [*[group] * len(answer), CONTEXT]
    canvas = Canvas(ids, groups, MASK)
    for group, answer in enumerate(answers):
        written = [i for i, letter in enumerate(answer) if letter != "_"]
        places = canvas.places(group)[written]
        letters = np.array([ord(answer[i]) for i in written], np.int64)
        canvas.transfer(places, letters, np.full(len(written), math.log(certainty)))
    return canvas


def denoised(text, canvas, borders=None, chosen=None, likelihoods=(), language=None, **options):
    """The blanks of ``text``, filled with what stands on the canvas."""
    starts = [i for i in range(len(text)) if text.startswith("____", i)]
    asked = tuple(Span(start=i, end=i + 4, **options) for i in starts)
    spans, ties = tied(asked)
    request = FillRequest(text=text, spans=asked, language=language)
    model = SimpleNamespace(tokenizer=Letters())
    task = FillTask(model, request, tuple(spans), tuple(ties), "none", Deadline())
    prompt = Prompt(task, TokenHealing([], None, borders or {}), None)
    return Denoised(Plan(prompt, tuple(spans), ({},), {}, chosen or {}), canvas, likelihoods)


def test_an_answer_is_the_text_of_its_span_with_its_confidence_and_its_tokens():
    canvas = canvas_of("one", "three")
    canvas.log_probs[canvas.places(1)] = np.log([0.5, 1.0, 1.0, 1.0, 1.0])
    answer = read_out(denoised("a ____ b ____", canvas))
    assert answer.texts == ["one", "three"] and answer.sizes == [3, 5]
    assert answer.confidences == pytest.approx([0.5, 0.5**0.2])
    assert answer.confidence == pytest.approx(0.5**1.2)


def test_what_was_given_says_nothing_of_how_sure_an_answer_is():
    canvas = canvas_of("ab", "cd")
    canvas.pinned[canvas.places(0)[0]] = True
    canvas.log_probs[canvas.places(0)[0]] = -9.0
    canvas.pinned[canvas.places(1)] = True
    assert read_out(denoised("____ ____", canvas)).confidences == pytest.approx([0.5, 1.0])


def test_half_words_are_no_part_of_the_answer_nor_of_its_tokens():
    borders = {0: Border("wi", "ht"), 1: Border("", "z")}
    answer = read_out(denoised("wi____ht ____z", canvas_of("widthht", "z"), borders))
    assert answer.texts == ["dth", ""] and answer.sizes == [5, 1]


def test_an_answer_is_finished_in_the_language_of_the_document():
    text = "print(____\n"
    assert read_out(denoised(text, canvas_of("x"), language="python")).texts == ["x)"]
    assert read_out(denoised(text, canvas_of("x"))).texts == ["x"]


@pytest.mark.parametrize(
    "options", [{"tokens": 4}, {"choices": ("  x ",)}], ids=["a length", "choices"]
)
def test_what_was_asked_for_to_the_letter_stays_but_for_line_ends(options):
    written = canvas_of("  x\n")
    assert read_out(denoised("a ____ b\r\n", written, **options)).texts == ["  x\r\n"]
    assert read_out(denoised("a ____ b\r\n", written)).texts == ["x\r\n"]


def test_an_answer_is_not_finished_where_that_would_take_a_pin_away():
    text, written = "said so: ____\n", canvas_of("said so: it")
    assert read_out(denoised(text, written)).texts == ["it"]
    assert read_out(denoised(text, written, pins=("said",))).texts == ["said so: it"]


def test_tied_spans_have_one_text_even_where_one_of_them_could_be_trimmed():
    found = denoised("a ____\nb____\r\n", canvas_of(" x", " x"), name="n")
    assert read_out(found).texts == [" x", " x"]
    alike = denoised("a ____\nb ____\n", canvas_of(" x", " x"), name="n")
    assert read_out(alike).texts == ["x", "x"]


def test_a_probability_of_just_this_answer_goes_before_the_certainty_of_its_tokens():
    found = denoised("____ ____", canvas_of("one", "two"), likelihoods=(0.1, 0.2))
    assert read_out(found).confidences == [0.1, 0.2]


def test_a_choice_is_as_sure_as_its_share_among_the_choices():
    found = denoised("____ ____", canvas_of("one", "two"), chosen={1: Chosen((1,), 0.75)})
    assert read_out(found).confidences == pytest.approx([0.5, 0.75])


def promise(text, *answers, **options):
    found = denoised(text, canvas_of(*answers), **options)
    return broken_promise(found, read_out(found))


def test_a_forbidden_string_is_told_with_the_token_that_began_it():
    assert promise("x = ____\n", "abcd", forbid=("bc",)) == ("without 'bc'", ord("b"))
    assert promise("x = ____\n", "abcd", forbid=("bd", "cb")) == ("", None)
    assert promise("____ ____", "fine", "abcd", forbid=("bc",))[1] == ord("b")


def test_a_pin_that_is_missing_and_a_wrong_number_of_lines_are_told():
    assert promise("x = ____\n", "abcd", pins=("ab",)) == ("with the pin 'ab'", None)
    assert promise("x = ____\n", "ab cd", pins=("cd", "ab")) == ("with the pin 'ab'", None)
    assert promise("x = ____\n", "ab cd", pins=("ab", "cd")) == ("", None)
    assert promise("x = ____\n", "a\nb\nc", lines=2) == ("of 2 lines", None)
    assert promise("x = ____\n", "a\nb", lines=2) == ("", None)


def test_a_pin_is_no_word_of_its_own_where_the_text_beside_goes_on_with_it():
    assert promise("x____\n", "ab", pins=("ab",)) == ("with the pin 'ab'", None)
    assert promise("x ____s\n", "ab", pins=("ab",)) == ("with the pin 'ab'", None)
    assert promise("x ____ s\n", "ab", pins=("ab",)) == ("", None)


def test_the_token_of_a_string_is_the_first_that_holds_a_part_of_it_and_was_not_given():
    canvas = canvas_of("abcd", "xbcx")
    assert token_of(canvas, 0, "bcd", Letters()) == ord("b")
    assert token_of(canvas, 0, "xx", Letters()) is None
    canvas.pinned[canvas.places(0)[1]] = True
    assert token_of(canvas, 0, "bcd", Letters()) == ord("c")
    assert token_of(canvas, 0, "b", Letters()) is None
    assert token_of(canvas, 1, "cx", Letters()) == ord("c")


def test_a_token_that_ends_or_begins_inside_a_string_is_one_of_it():
    canvas = canvas_of("abc")
    canvas.ids[canvas.places(0)[0]] = 0x10000 + ord("a")  # the text is "aabc"
    assert token_of(canvas, 0, "ab", Letters()) == 0x10000 + ord("a")
    assert token_of(canvas, 0, "bc", Letters()) == ord("b")
    assert token_of(canvas, 0, "aab", Letters()) == 0x10000 + ord("a")


def test_errors_that_come_with_an_answer_count_where_the_language_is_known():
    def errors(language, answer):
        found = denoised("x = ____\ny = 1\n", canvas_of(answer), language=language)
        return new_errors_of(found.plan.prompt.task.request, found.plan.spans, read_out(found))

    assert errors("python", "1 +") > 0
    assert errors("python", "1") == 0 and errors(None, "1 +") == 0


def draft(canvas, spans=1, borders=None, step=3):
    asked = [Span(start=10 * i, end=10 * i + 4) for i in range(spans)]
    options = () if borders is None else (borders,)
    return draft_of(canvas, step, asked, Letters(), *options)


def test_a_draft_shows_masks_and_how_sure_the_model_was_of_the_rest():
    canvas = canvas_of("a_c", "___", certainty=0.8)
    found = draft(canvas, 2)
    assert found.step == 3 and [(s.start, s.end) for s in found.spans] == [(0, 4), (10, 14)]
    first, second = found.spans
    assert first.text == "a_c" and first.confidence == pytest.approx(0.8)
    assert second.text == "___" and second.confidence == 0.0
    assert [(t.text, t.confidence) for t in first.tokens] == [("a", 0.8), ("_", None), ("c", 0.8)]
    canvas.log_probs[canvas.places(0)] = np.log([1 / 3, 1.0, 1.0])
    assert draft(canvas, 2).spans[0].confidence == pytest.approx(3**-0.5)
    assert draft(canvas, 2).spans[0].tokens[0].confidence == 0.3333


@pytest.mark.parametrize(
    ("written", "border", "shown"),
    [
        ("width_ht", Border("wi", "ht"), "dth_"),
        ("__dth_ht", Border("wi", "ht"), "__dth_"),
        ("width__", Border("wi", "ht"), "dth__"),
        ("wi", Border("wi", ""), ""),
        ("dth_ht", Border("", "ht"), "dth_"),
    ],
)
def test_a_draft_is_without_the_half_words_that_stand_there_already(written, border, shown):
    [span] = draft(canvas_of(written), borders={0: border}).spans
    assert span.text == shown == "".join(token.text for token in span.tokens)
    assert all(token.text for token in span.tokens)


def test_a_token_that_begins_with_a_half_word_is_shown_without_it():
    canvas = canvas_of("ab_")
    canvas.ids[canvas.places(0)[0]] = 0x10000 + ord("a")
    [span] = draft(canvas, borders={0: Border("a", "")}).spans
    assert [token.text for token in span.tokens] == ["a", "b", "_"]
    [span] = draft(canvas, borders={0: Border("aa", "")}).spans
    assert [token.text for token in span.tokens] == ["b", "_"]
