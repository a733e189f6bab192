"""Related text: the pieces that share rare names with the text around a span, within a budget, in front of the
window."""

from engine import Engine, FillRequest, Snippet, Span
from engine.backends.fake import FakeBackend
from engine.text.related_snippets import RUN_LINES, best_runs, related_ids

FILLER = "".join(f"def other_{i}(value):\n    return value\n\n" for i in range(40))
DEFINITION = "def parse_invoice(line, currency):\n    return line.split(currency)\n"
FILES = [
    Snippet(path="a.py", text=FILLER),
    Snippet(path="lib/b.py", text=FILLER + DEFINITION + FILLER),
]
AROUND = "def total(value):\n    row = parse_invoice(value, currency)\n"


def encode(text):
    return [ord(character) for character in text]


def decode(ids):
    return "".join("|" if i == 0 else chr(i) for i in ids)


def test_the_run_that_shares_rare_names_comes_first():
    first = next(best_runs(FILES, AROUND))
    assert (
        first.path == "lib/b.py"
        and DEFINITION in first.text
        and len(first.text.splitlines()) == RUN_LINES
    )


def test_runs_do_not_overlap():
    found = [
        run.text
        for run in best_runs(
            [Snippet(path="x", text="".join(f"name{i} = 1\n" for i in range(64)))], "name" * 2
        )
    ]
    assert found == []
    lines = [
        line
        for run in best_runs([Snippet(path="x", text=DEFINITION * 20)], AROUND)
        for line in run.text.splitlines()
    ]
    assert len(lines) <= 40


def test_text_that_shares_no_name_is_left_out():
    assert related_ids([Snippet(path="a.py", text="zebra = 1\n")], AROUND, encode, 100, 0) == []


def test_snippets_keep_to_the_budget_and_the_best_stands_last():
    for budget in (0, 1, 2, 40, 200, 600, 5000):
        ids = related_ids(FILES, AROUND, encode, budget, 0)
        assert len(ids) <= budget and (not ids or ids[-1] == 0)
    assert (
        decode(related_ids(FILES, AROUND, encode, 600, 0)).split("|")[-2].startswith("lib/b.py\n")
    )


def test_line_ends_of_the_other_file_do_not_reach_the_model():
    [ids] = [
        related_ids(
            [Snippet(path="b", text=DEFINITION.replace("\n", "\r\n"))], AROUND, encode, 500, 0
        )
    ]
    assert "\r" not in decode(ids) and "parse_invoice" in decode(ids)


def test_a_request_shows_related_text_in_front_and_stays_within_its_window(config, tokenizer):
    backend = FakeBackend(lambda ids, positions, index: [0.0] * 512)
    text = "x" * 200 + "\n" + AROUND
    span = Span(start=len(text), end=len(text), tokens=4)
    with Engine.with_backend(config, tokenizer, backend) as engine:
        engine.fill(FillRequest(text=text, spans=(span,), window=128, related=tuple(FILES)))
        engine.fill(
            FillRequest(
                text=text, spans=(span,), window=128, related=tuple(FILES), related_tokens=0
            )
        )
    with_related, without = (
        batch.input_ids[0].tolist() for batch in backend.batches if batch.keep is not None
    )
    assert config.eos_token_id in with_related and config.eos_token_id not in without
    assert tokenizer.decode(with_related).startswith("lib/b.py\n") and len(with_related) <= 124
