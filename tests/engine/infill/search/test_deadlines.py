"""Once a deadline has passed, what is searched before anything is written costs no more passes,
however much there is to search."""

import msgspec
import numpy as np
import pytest

from engine import Engine, FillRequest, Span
from engine.backends.fake import FakeBackend

TEXT = "alpha beta\n\ngamma delta\n"


def passes(engine, *spans):
    """Of a fill whose time is over when it begins."""
    request = FillRequest(text=TEXT * 12, spans=spans, copies=False, deadline_ms=0.0)
    return engine.fill(request).nfe


@pytest.fixture(scope="module")
def causal(causal_config, tokenizer, backend):
    with Engine.with_backend(causal_config, tokenizer, backend) as engine:
        yield engine


def test_choices_that_are_read_whole_are_bounded_by_the_deadline(causal):
    few, many = (
        passes(causal, Span(start=11, end=11, choices=tuple(f"word{i}" for i in range(count))))
        for count in (2, 50)
    )
    assert few == many


def test_the_search_for_lengths_is_bounded_by_the_deadline(config, tokenizer):
    plain = msgspec.structs.replace(
        config, expand_token_id=None, delete_token_id=None, context_attention="full"
    )
    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with Engine.with_backend(plain, tokenizer, backend) as engine:
        few, many = (
            passes(engine, *(Span(start=at, end=at) for at in range(11, 11 + 24 * count, 24)))
            for count in (2, 10)
        )
    assert few == many


def test_the_search_for_places_of_pins_is_bounded_by_the_deadline(config, tokenizer):
    backend = FakeBackend(lambda ids, positions, index: np.zeros(512))
    with Engine.with_backend(config, tokenizer, backend) as engine:
        few, many = (
            passes(engine, Span(start=11, end=11, tokens=60, pins=pins))
            for pins in (("beta",), ("beta", "total", "return", "width"))
        )
    assert few == many
