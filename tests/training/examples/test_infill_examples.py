"""Infilling examples: putting the labels back gives the text."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.examples.infill_examples import InfillConfig, choose_spans, make_example
from training.examples.python_pieces import python_pieces

TEXT = (
    'def area(width, height):\n    """Area of a rectangle."""\n    return width * height\n\n\nprint(area(2, 3))\n'
    * 3
)
seeds = st.integers(0, 2**32)


def build(raw_tokenizer, config, seed, **options):
    infill = InfillConfig(p_no_suffix=0.0, **options)
    return make_example(TEXT, raw_tokenizer, config, infill, 400, rng=np.random.default_rng(seed))


@settings(deadline=None)
@given(seeds)
def test_context_and_labels_put_together_are_the_text(raw_tokenizer, config, seed):
    example = build(raw_tokenizer, config, seed, p_expand=0.0)
    if example is None:
        return
    places = example.context_positions + example.span_positions
    tokens = example.context_ids + example.targets
    assert sorted(places) == list(range(len(places)))
    row = [t for _, t in sorted(zip(places, tokens, strict=True)) if t != config.delete_token_id]
    assert raw_tokenizer.decode(row) == TEXT


@settings(deadline=None)
@given(seeds)
def test_revealed_tokens_equal_their_labels_and_the_rest_is_masked(raw_tokenizer, config, seed):
    example = build(raw_tokenizer, config, seed, p_all_masked=0.0)
    if example is None:
        return
    for noisy, label in zip(example.span_ids, example.targets, strict=True):
        assert noisy in (config.mask_token_id, label)
        if label in config.control_ids:
            assert noisy == config.mask_token_id


@settings(deadline=None)
@given(seeds)
def test_deletes_of_a_span_count_as_one_token_and_stand_at_its_end(raw_tokenizer, config, seed):
    example = build(raw_tokenizer, config, seed, max_spans=1, p_few=1.0, p_expand=0.0)
    if example is None:
        return
    deleted = [label == config.delete_token_id for label in example.targets]
    assert deleted == sorted(deleted)
    weights = [w for w, d in zip(example.weights, deleted, strict=True) if d]
    assert not weights or abs(sum(weights) - 1.0) < 1e-6


@settings(deadline=None)
@given(seeds)
def test_an_expand_label_stands_for_two_masks(raw_tokenizer, config, seed):
    plain = build(raw_tokenizer, config, seed, p_expand=0.0, p_all_masked=1.0)
    merged = build(raw_tokenizer, config, seed, p_expand=1.0, p_all_masked=1.0)
    if plain is None or merged is None:
        return
    text_slots = sum(label != config.delete_token_id for label in plain.targets)
    expands = sum(label == config.expand_token_id for label in merged.targets)
    assert len(merged.targets) + expands == text_slots


@given(seeds, st.integers(1, 4))
def test_spans_are_disjoint_sorted_and_not_blank(seed, count):
    spans = choose_spans(TEXT, count, InfillConfig(), rng=np.random.default_rng(seed))
    assert len(spans) <= count
    assert all(TEXT[start:end].strip() for start, end in spans)
    assert all(first[1] + 2 <= second[0] for first, second in zip(spans, spans[1:], strict=False))


def test_half_of_the_spans_are_cut_at_any_character():
    inside = 0
    for seed in range(600):
        ((start, _),) = choose_spans(TEXT, 1, InfillConfig(), rng=np.random.default_rng(seed)) or [
            (0, 0)
        ]
        inside += start > 0 and TEXT[start - 1].isalnum() and TEXT[start].isalnum()
    assert 0.2 < inside / 600 < 0.6


def test_pieces_of_a_program_are_ranges_of_code_points():
    text = 'name = "é😀"\nif name:\n    print(name, [1, 2])\n'
    pieces = {text[start:end] for start, end in python_pieces(text)}
    assert {'"é😀"', "(name, [1, 2])", "[1, 2]", "print(name, [1, 2])"} <= pieces


def test_where_syntax_is_asked_for_every_span_is_a_piece(raw_tokenizer, config):
    pieces = python_pieces(TEXT)
    spans = choose_spans(
        TEXT, 4, InfillConfig(p_syntax=1.0), np.random.default_rng(0), 10_000, pieces
    )
    assert len(spans) > 1 and set(spans) <= set(pieces)
    only = InfillConfig(
        p_syntax=1.0, p_few=1.0, max_spans=1, p_expand=0.0, p_no_suffix=0.0, p_healed=0.0
    )
    seen = set()
    for seed in range(40):
        example = make_example(
            TEXT, raw_tokenizer, config, only, 400, rng=np.random.default_rng(seed), is_python=True
        )
        labels = [label for label in example.targets if label not in config.control_ids]
        seen.add(raw_tokenizer.decode(labels))
    assert seen <= {TEXT[start:end] for start, end in pieces} and len(seen) > 3


def test_a_broken_fragment_still_has_pieces():
    assert python_pieces("eturn x)\n    def f(a, b:\n        foo(a, b)\n")
