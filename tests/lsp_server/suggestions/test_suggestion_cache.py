"""A suggestion survives while the user types along it, and no longer."""

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.suggestions.suggestion_cache import PER_DOCUMENT, CachedSuggestion, SuggestionCache

texts = st.text(alphabet="ab \n", max_size=12)


@given(texts, texts, st.text(alphabet="ab", min_size=1, max_size=8), st.integers(0, 8))
def test_typing_along_leaves_the_rest(before, after, answer, count):
    typed = answer[:count]
    suggested = CachedSuggestion(before + after, len(before), (answer,))
    rest = suggested.remaining(before + typed + after, len(before) + len(typed))
    assert rest == ((answer[len(typed) :],) if typed != answer else ())


@given(texts, texts, texts)
def test_any_other_edit_ends_it(before, after, other):
    suggested = CachedSuggestion(before + "|" + after, len(before), ("answer",))
    for text in (
        before + "x|" + after,
        other + "!" + before + "|" + after,
        before + "a|" + after + "!",
    ):
        assert suggested.remaining(text, len(before) + 1) == ()


def test_the_answer_that_fits_what_was_typed_is_kept():
    suggested = CachedSuggestion("x = ", 4, ("first()", "second()"))
    assert suggested.remaining("x = s", 5) == ("econd()",)
    assert suggested.remaining("x = ", 4) == ("first()", "second()")


def test_a_document_remembers_few_suggestions_and_forgets_on_closing():
    memory = SuggestionCache()
    for number in range(PER_DOCUMENT + 2):
        memory.remember("a", CachedSuggestion("x" * number, number, ("yz",)))
    assert memory.remaining("a", "x" * (PER_DOCUMENT + 1), PER_DOCUMENT + 1) == (
        ("yz",),
        True,
    ) and memory.remaining("a", "", 0) == ((), False)
    memory.forget("a")
    assert memory.remaining("a", "x" * (PER_DOCUMENT + 1), PER_DOCUMENT + 1) == ((), False)


def test_what_was_prepared_is_new_on_show_just_once():
    memory = SuggestionCache()
    memory.remember("a", CachedSuggestion("x", 1, ("yz",), on_show=False))
    assert memory.remaining("a", "x", 1) == (("yz",), False)
    assert memory.remaining("a", "xy", 2) == (("z",), True)
