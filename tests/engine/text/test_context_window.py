"""The window: nearest lines, within the budget, whatever the document."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.request.messages import Span
from engine.text.context_window import BLOCK, context_window

texts = st.lists(st.text(alphabet="abc =()\t é😀", max_size=30), max_size=40).map("\n".join)


@settings(deadline=None)
@given(texts, st.data())
def test_the_window_keeps_its_budget_and_shows_what_touches_the_spans(tokenizer, text, data):
    offsets = sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=1, max_size=4)))
    budget = data.draw(st.integers(1, 200))
    pieces = context_window(text, [Span(start=p, end=p) for p in offsets], tokenizer, budget).pieces
    assert len(pieces) == len(offsets) + 1
    assert sum(map(len, pieces)) <= budget
    borders = [0, *offsets, len(text)]
    for i, piece in enumerate(pieces):
        between = text[borders[i] : borders[i + 1]]
        shown = tokenizer.decode(piece)
        if i == 0:
            assert between.endswith(shown) or not shown.isascii()
        elif i == len(pieces) - 1:
            assert between.startswith(shown) or not shown.isascii()


@settings(deadline=None)
@given(texts, st.data())
def test_a_window_that_holds_everything_shows_everything(tokenizer, text, data):
    at = data.draw(st.integers(0, len(text)))
    before, after = context_window(text, [Span(start=at, end=at)], tokenizer, 100_000).pieces
    assert tokenizer.decode(before) == text[:at]
    assert tokenizer.decode(after) == text[at:]


def test_only_the_neighbourhood_of_a_span_is_tokenised(tokenizer, monkeypatch):
    seen = []
    encode = tokenizer.encode
    monkeypatch.setattr(tokenizer, "encode", lambda text: seen.append(len(text)) or encode(text))
    text = "x = 1\n" * 500_000
    pieces = context_window(text, [Span(start=1_500_000, end=1_500_000)], tokenizer, 200).pieces
    assert sum(map(len, pieces)) <= 200
    assert sum(seen) < 5_000


def test_a_line_of_ten_megabytes_costs_what_the_budget_allows(tokenizer, monkeypatch):
    seen = []
    encode = tokenizer.encode
    monkeypatch.setattr(tokenizer, "encode", lambda text: seen.append(len(text)) or encode(text))
    text = "ab " * 3_500_000
    pieces = context_window(text, [Span(start=5_000_000, end=5_000_000)], tokenizer, 100).pieces
    assert 0 < sum(map(len, pieces)) <= 100
    assert sum(seen) < 10_000


def test_line_ends_and_byte_order_marks_are_not_shown_to_the_model(tokenizer):
    text = "\ufeffa = 1\r\nb = 2\r\n"
    before, after = context_window(text, [Span(start=8, end=8)], tokenizer, 100).pieces
    assert tokenizer.decode(before) == "a = 1\n"
    assert tokenizer.decode(after) == "b = 2\n"


def test_typing_leaves_the_beginning_of_the_window_where_it_is(tokenizer):
    """But for once in a block of characters, so that what was encoded serves the next keystroke."""
    text = "".join(f"v{i} = {i}\n" for i in range(200))
    typed = "total = width * height + depth"
    for last in range(150, 200):
        before = text[: text.index(f"v{last} =")]
        versions = [before + typed[:size] for size in range(len(typed))]
        lows = [
            context_window(
                version, [Span(start=len(version), end=len(version))], tokenizer, 300
            ).low
            for version in versions
        ]
        assert len(set(lows)) <= 2


def test_a_window_inside_a_long_line_begins_with_a_block(tokenizer):
    text = "word " * 2_000
    lows = {
        context_window(text[:end], [Span(start=end, end=end)], tokenizer, 100).low
        for end in range(9_000, 9_040)
    }
    assert len(lows) <= 2 and all(low % BLOCK == 0 for low in lows)


def test_a_window_of_long_lines_begins_with_a_line_or_a_block(tokenizer):
    """Of a table, for instance, more characters make a token than there is room for."""
    text = ("| a | b |\n| " + "-" * 70 + " | " + "-" * 70 + " |\n| one | two |\n") * 30
    for budget in range(80, 300, 20):
        low = context_window(text, [Span(start=len(text), end=len(text))], tokenizer, budget).low
        assert low % BLOCK == 0 or text[low - 1] == "\n"
