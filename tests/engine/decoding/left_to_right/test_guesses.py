"""What may follow is guessed from likely answers and from the text around a span."""

from hypothesis import given
from hypothesis import strategies as st

from engine.decoding.left_to_right.guesses import LONGEST_GUESS, Guesses

TOKENS = st.lists(st.integers(0, 5), max_size=30)


def test_a_likely_answer_is_guessed_as_long_as_what_was_written_begins_it():
    guess = Guesses([1, 2], [], [[3, 4, 5], [3, 6]])
    assert guess([]) == [3, 4, 5]
    assert guess([3]) == [4, 5]
    assert guess([3, 6]) == []
    assert guess([7]) == []


def test_what_followed_the_same_tokens_is_guessed():
    guess = Guesses([9, 1, 2], [[1, 2, 3, 4], [8, 1, 2, 5], [7, 7]], [])
    assert guess([])[:1] == [5]
    assert guess([3]) == [4]


def test_a_longer_match_is_trusted_more_than_a_later_one():
    assert Guesses([9, 1, 2], [[9, 1, 2, 3], [8, 1, 2, 5]], [])([]) == [3]


@given(TOKENS, st.lists(TOKENS, max_size=3), TOKENS)
def test_a_guess_is_short_and_a_run_of_text_that_stands_around_the_span(before, runs, written):
    found = Guesses(before, runs, [])(written)
    assert len(found) <= LONGEST_GUESS
    assert not found or any(
        run[i : i + len(found)] == found for run in runs for i in range(len(run))
    )
