"""What clients that read from left to right get: settled beginnings, stop strings, indentation,
different candidates."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DraftSpan, DraftToken, FillRequest, Span
from engine.http.contracts.distinct import DistinctAnswers
from engine.http.contracts.openai.settled_prefix import SettledPrefix
from engine.http.contracts.stops import cut_at_indentation, cut_at_stop, may_begin_stop

REQUEST = FillRequest(text="a = ", spans=(Span(start=4, end=4),))


def draft(*texts):
    tokens = tuple(DraftToken(text=text or "_", confidence=0.9 if text else None) for text in texts)
    return DraftSpan(
        start=4, end=4, text="".join(text or "_" for text in texts), confidence=0.9, tokens=tokens
    )


def test_only_what_is_settled_from_the_left_is_sent_and_the_last_token_waits():
    prefix = SettledPrefix(REQUEST, (), 0)
    sent = [
        prefix.draft(draft("foo", None, "baz")),
        prefix.draft(draft("foo", "bar", None)),
        prefix.draft(draft("foo", "bar", "baz")),
    ]
    assert sent == ["", "foo", "bar"]
    assert prefix.final("foobarbaz") == "baz"


def test_an_answer_that_comes_in_time_is_sent_whole():
    now = 0.0
    prefix = SettledPrefix(REQUEST, (), 0.5, clock=lambda: now)
    assert prefix.draft(draft("foo", "bar")) == ""
    now = 1.0
    assert prefix.draft(draft("foo", "bar")) == "foo"


def test_what_was_sent_is_kept_when_another_answer_is_better():
    prefix = SettledPrefix(REQUEST, (), 0)
    assert prefix.draft(draft("foo", "bar")) == "foo"
    assert prefix.final("quite another") == "bar"


def test_a_stop_string_is_not_sent_even_when_it_comes_in_pieces():
    prefix = SettledPrefix(REQUEST, ("\n\n",), 0)
    assert prefix.draft(draft("foo", "\n", "x")) == "foo"
    assert prefix.draft(draft("foo", "\n", "\n", "x")) == ""
    assert prefix.stopped == "\n\n"
    assert prefix.final("foo\n\nx") == ""


def test_blanks_before_a_stop_string_are_sent():
    prefix = SettledPrefix(REQUEST, ("a",), 0)
    assert prefix.draft(draft("\n", "a", "a")) == "\n"
    assert prefix.stopped == "a"


def test_a_longer_stop_string_that_began_earlier_is_waited_for():
    prefix = SettledPrefix(REQUEST, ("\n", "a\na"), 0)
    assert prefix.draft(draft("a\n", "a")) == ""
    assert prefix.final("a\na") == ""
    assert prefix.stopped == "a\na"


@settings(max_examples=1000)
@given(
    st.text("ab\n", max_size=12),
    st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=3),
    st.data(),
)
def test_pieces_are_always_the_answer_up_to_the_stop(text, stop, data):
    """However the tokens settle."""
    cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=4))})
    tokens = [text[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    request = FillRequest(text="", spans=(Span(start=0, end=0),))
    prefix, sent = SettledPrefix(request, stop, 0), ""
    for known in range(len(tokens) + 1):
        sent += prefix.draft(draft(*tokens[:known], *[None] * (len(tokens) - known)))
    sent += prefix.final(text)
    assert sent == cut_at_stop(text, stop).text


def test_the_earliest_stop_string_counts_and_of_two_the_longer():
    assert cut_at_stop("abc", ["c", "b"]) == ("a", "b")
    assert cut_at_stop("a--b", ["-", "--"]) == ("a", "--")
    assert cut_at_stop("abc", ["", "x"]) == ("abc", "")


def test_an_ending_that_may_begin_a_stop_string_waits():
    assert may_begin_stop("foo\n", ["\n\n"]) == 1
    assert may_begin_stop("foo<|fi", ["<|file_sep|>"]) == 4
    assert may_begin_stop("foo", ["\n\n"]) == 0


def test_lines_below_the_indentation_end_an_answer():
    assert cut_at_indentation("x = 1\n    y = 2\n\n    z\nw", 4) == "x = 1\n    y = 2\n\n    z"
    assert cut_at_indentation("x\ny", 0) == "x\ny"


def test_identical_requests_of_one_moment_get_different_answers():
    async def scenario():
        answers, given = DistinctAnswers(), []

        async def ask(delay):
            async with answers.turn("same") as turn:
                await asyncio.sleep(delay)
                given.append(
                    (turn.number, await turn.pick(["best", "second", "third"][: turn.number + 1]))
                )

        await asyncio.gather(ask(0.03), ask(0.02), ask(0.0))
        return sorted(given)

    assert asyncio.run(scenario()) == [(0, "best"), (1, "second"), (2, "third")]


def test_one_that_gives_up_does_not_hold_up_the_others():
    async def scenario():
        answers = DistinctAnswers()
        started = asyncio.Event()

        async def hang():
            async with answers.turn("same"):
                started.set()
                await asyncio.Event().wait()

        hanging = asyncio.create_task(hang())
        await started.wait()
        async with answers.turn("same") as turn:
            asyncio.get_running_loop().call_later(0.02, hanging.cancel)
            return await asyncio.wait_for(turn.pick(["best", "second"]), 10)

    assert asyncio.run(scenario()) == "best"


def test_a_later_request_starts_over():
    async def scenario():
        answers = DistinctAnswers(linger_s=0)
        for _ in range(2):
            async with answers.turn("same") as turn:
                assert turn.number == 0
            await asyncio.sleep(0.01)

    asyncio.run(scenario())


@pytest.mark.parametrize("text", ["a\n", "\u2603"])
def test_a_fill_may_be_longer_than_what_settled(text):
    prefix = SettledPrefix(REQUEST, (), 0)
    assert prefix.final(text) == text


def test_nothing_is_sent_while_it_may_be_a_line_beside_the_span():
    request = FillRequest(text="b = first\nb = ", spans=(Span(start=14, end=14),))
    prefix = SettledPrefix(request, (), 0)
    assert prefix.draft(draft("fi", "rs", "t")) == ""
    assert prefix.draft(draft("fi", "rs", "ts", "x")) == "firsts"
