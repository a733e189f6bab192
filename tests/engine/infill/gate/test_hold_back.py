"""Candidates pass the gate one by one, and several spans are judged in one document."""

import pytest

from engine.base.deadline import Deadline
from engine.infill.gate.hold_back import hold_back
from engine.infill.rank import Candidate, Ranked
from engine.infill.task import FillTask
from engine.request.messages import Deletion, FillRequest, Span, apply_spans
from engine.request.span_rules import tied


def held(text, candidates, names=(), **fields):
    """Results for the blanks of ``text``, whose candidates are (text, confidence) pairs."""
    starts = [i for i in range(len(text)) if text.startswith("____", i)]
    named = [*names, *[None] * (len(starts) - len(names))]
    asked = tuple(
        Span(start=i, end=i + 4, name=name) for i, name in zip(starts, named, strict=True)
    )
    request = FillRequest(
        text=text, spans=asked, **{"language": "python", "min_confidence": 0.2, "n": 3} | fields
    )
    spans, ties = tied(asked)
    task = FillTask(None, request, tuple(spans), tuple(ties), "none", Deadline())
    found = tuple(tuple(Candidate(answer, p, 1) for answer, p in each) for each in candidates)
    results = hold_back(Ranked(task, found))
    return results, apply_spans(text, tuple(results))


def test_the_best_candidate_that_passes_is_the_answer_and_others_that_pass_are_alternatives():
    [span], text = held("x = ____\n", [[("f(", 0.9), ("g(1)", 0.5), ("h()", 0.4), ("k(", 0.3)]])
    assert (span.text, span.alternatives, span.filled, span.withheld) == (
        "g(1)",
        ("h()",),
        True,
        None,
    )
    assert text == "x = g(1)\n"


def test_where_none_passes_the_best_guess_is_told_with_its_reason_and_the_blank_stays():
    [span], text = held("x = ____\n", [[("f(", 0.9), ("g()", 0.1)]])
    assert (span.text, span.alternatives, span.filled, span.withheld) == ("f(", (), False, "syntax")
    assert text == "x = ____\n"


def test_a_request_without_a_confidence_is_not_judged():
    [span], text = held("x = ____\n", [[("f(", 0.01)]], min_confidence=None)
    assert span.filled and text == "x = f(\n"


def test_of_two_answers_that_repeat_each_other_the_surer_one_stays():
    results, text = held(
        "def f():\n    ____\n    ____\n", [[("run(a)", 0.6), ("walk()", 0.1)], [("run(a)", 0.8)]]
    )
    assert [span.withheld for span in results] == ["repeats_line", None]
    assert text == "def f():\n    ____\n    run(a)\n"


def test_one_broken_answer_does_not_hold_the_others_back():
    results, text = held(
        "x = ____\ny = ____\nz = ____\n", [[("a(", 0.9)], [("b()", 0.3)], [("c()", 0.5)]]
    )
    assert [span.withheld for span in results] == ["syntax", None, None]
    assert text == "x = ____\ny = b()\nz = c()\n"


@pytest.mark.parametrize("confidences", [(0.9, 0.1), (0.1, 0.9)])
def test_tied_spans_are_filled_together_or_not_at_all(confidences):
    first, second = confidences
    results, text = held(
        "x = ____\ny = ____\n", [[("a()", first)], [("a()", second)]], names=("n", "n")
    )
    assert {span.withheld for span in results} == {
        "low_confidence"
    } and text == "x = ____\ny = ____\n"


def test_a_deletion_is_found_at_its_offset_behind_an_answer_that_is_longer_than_its_blank():
    text = "some = ____\nf(thing.____)\n"
    gone = (Deletion(text="id", at=text.rindex("____")),)
    results, _ = held(
        text, [[("a_long_name", 0.9)], [("identity", 0.9), ("name", 0.5)]], recent_deletions=gone
    )
    assert [span.text for span in results] == ["a_long_name", "name"]


@pytest.mark.parametrize(("n", "alternatives"), [(1, ()), (2, ("b()",)), (4, ("b()", "c()"))])
def test_there_are_as_many_alternatives_as_were_asked_for(n, alternatives):
    candidates = [("a()", 0.9), ("b()", 0.8), ("a()", 0.7), ("c()", 0.6)]
    [span], _ = held("x = ____\n", [candidates], n=n)
    assert (span.text, span.alternatives, span.confidence) == ("a()", alternatives, 0.9)
