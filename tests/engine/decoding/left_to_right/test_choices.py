"""A model with causal context chooses by exact likelihood, and writes a word with its blank."""

import torch

from engine import Engine, FillRequest, Span
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.constraints import constraint_table
from engine.decoding.left_to_right.exact_reading import reading_pass, split_reading
from engine.decoding.sampler import encode_context
from tests.engine.causal_models import END, GAP, START, canvas_of, drive
from training.adaptation.rows import Row
from training.examples.visibility import CLEAN, visible

TEXT = "def area(width, height):\n    return width * height\n"
CHOICES = ("height", "area", "width", "print", "sum of all")
AT = TEXT.index("width * height") + len("width * ")


def likelihoods(model, tokenizer):
    """Of every choice with its blank and its end, computed by the training's own rows."""
    first = [START, *tokenizer.encode(TEXT[: AT - 1])]
    last = [GAP, *tokenizer.encode(TEXT[AT + len("height") :])]
    found = []
    for choice in CHOICES:
        answer, row = tokenizer.encode(" " + choice), Row()
        for i, token in enumerate(last):
            row.add(token, i, 1)
        for i, token in enumerate(first[:-1]):
            row.add(token, len(last) + i, 2)
        place = len(last) + len(first) - 1
        for i, token in enumerate([first[-1], *answer]):
            row.add(token, place + i, CLEAN)
        ids, positions, segments = (
            torch.tensor([values]) for values in (row.ids, row.positions, row.segments)
        )
        with torch.no_grad():
            hidden, _ = model.encode(ids, positions, visible=visible(segments))
            log_probs = model.head(hidden)[0, -len(answer) - 1 :].log_softmax(-1)
        targets = torch.tensor([*answer, END])
        found.append(float(log_probs.gather(1, targets[:, None]).sum()))
    return found


def test_the_likeliest_choice_is_taken_and_its_share_is_its_probability_among_them(
    causal_model, causal_config, tokenizer, backend
):
    expected = likelihoods(causal_model, tokenizer)
    shares = torch.tensor(expected, dtype=torch.float64).softmax(0)
    best = int(shares.argmax())
    span = Span(start=AT, end=AT + len("height"), choices=CHOICES)
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        result = engine.fill(FillRequest(text=TEXT, spans=(span,), copies=False))
    assert result.spans[0].text == CHOICES[best]
    assert result.text == TEXT[:AT] + CHOICES[best] + TEXT[AT + len("height") :]
    assert abs(result.spans[0].confidence - float(shares[best])) < 1e-3


def test_a_span_that_is_not_asked_about_is_not_seen(backend, causal_config):
    table = constraint_table(causal_config, causal_config.embedding_rows)
    found = []
    for second in ([50, 51], [60, 61]):
        canvas, plan = canvas_of([[20, 21], [30], [40]], [2, 2], causal_config), CausalContext()
        canvas.ids[canvas.places(0)], canvas.ids[canvas.places(1)] = [22, 23], second
        drive(encode_context(canvas, plan, table), backend)
        read = backend.predict(reading_pass(canvas, plan, causal_config, [0]))
        found.append(read.target_log_probs[0].tolist())
        whole = split_reading(canvas, backend.predict(reading_pass(canvas, plan, causal_config)))
        assert abs(whole[0] - read.target_log_probs[0]).max() < 1e-6
    assert found[0] == found[1]
