"""What a document says of a place outside its window."""

from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend
from engine.text.outline import outline_ids, telling_lines

HEAD = "import os\nfrom json import dumps, loads\n\n"
FILLER = "".join(f"value_{i} = {i}\n" for i in range(60))
PRICE = "def price(item, rate):\n    return item * rate\n\n"
CODE = HEAD + PRICE + FILLER + "class Shop:\n    def total(\n        self,\n        items,\n    ):\n"
BODY = (
    "        found = []\n        for item in items:\n            found.append(price(item, 2))\n        return dumps(found)\n"
)


def encode(text):
    return [ord(character) for character in text]


def outline(text, low, high, around, budget=1_000, headings=False):
    return "".join(map(chr, outline_ids(text, low, high, around, headings, encode, budget)))


def test_heads_around_the_place_imports_and_definitions_of_names_in_use_are_shown_in_order():
    text = CODE + BODY
    seen = outline(text, len(CODE), len(text), BODY)
    assert seen == "from json import dumps, loads\ndef price(item, rate):\nclass Shop:\n    def total(\n    ):\n"


def test_what_the_window_shows_is_not_shown_twice_and_unused_names_not_at_all():
    text = CODE + BODY
    assert outline(text, 0, len(text), BODY) == ""
    assert outline(HEAD + FILLER, len(HEAD), len(HEAD + FILLER), "nothing of that kind") == ""


def test_a_head_behind_a_line_end_of_windows_and_definitions_behind_the_window_are_found():
    text = "fn area(w: u8) {\r\n    let a = side();\r\n}\r\n\r\nfn side() -> u8 { 3 }\r\n"
    at = text.index("    let")
    assert outline(text, at, at + 21, "let a = side();") == "fn area(w: u8) {\nfn side() -> u8 { 3 }\n"


def test_the_headings_above_a_place_are_its_outline_in_markdown():
    text = "# Title\n\n## Other\n\ntext\n\n## This\n\n### Part\n\n" + "words and words.\n" * 9
    low = text.index("words")
    assert outline(text, low, len(text), "words", headings=True) == "# Title\n## This\n### Part\n"
    assert outline("# comment\n" + BODY, 10, 60, "words") == ""


def test_the_budget_holds_and_the_most_telling_lines_come_first():
    text = CODE + BODY
    assert text[telling_lines(text, len(CODE), len(text), BODY, False)[0] :].startswith("    ):")
    for budget in (0, 1, 20, 40, 70):
        assert len(outline(text, len(CODE), len(text), BODY, budget)) <= budget
    assert outline(text, len(CODE), len(text), BODY, 8) == "    ):\n"


def test_a_huge_document_is_looked_at_in_part():
    text = "import dumps\n" + "x = 1\n" * 2_000_000 + BODY
    assert "import dumps" in outline(text, len(text) - len(BODY), len(text), BODY)


def test_a_request_shows_the_outline_in_front_of_its_window(config, tokenizer):
    backend = FakeBackend(lambda ids, positions, index: [0.0] * 512)
    text = CODE + BODY
    span = Span(start=len(text), end=len(text), tokens=4)
    with Engine.with_backend(config, tokenizer, backend) as engine:
        for tokens in (0, 60):
            engine.fill(FillRequest(text=text, spans=(span,), window=160, outline_tokens=tokens, copies=False))
    contexts = [tokenizer.decode(b.input_ids[0].tolist()) for b in backend.batches if b.keep is not None]
    assert "import dumps" not in contexts[0] and contexts[1].startswith(("from json", "def price", "class Shop"))
