"""Training cuts inside words: the word's token beside a span belongs to the span, as fills write it."""

import numpy as np

from training.examples.healed_cuts import heal_cuts

PIECES = ["    retur", "n wid", "th * 2\n", "(se", ")\n"]


def healed(raw_tokenizer, share):
    encoded = [raw_tokenizer.encode(piece, add_special_tokens=False).ids for piece in PIECES]
    before = [list(ids) for ids in encoded]
    heal_cuts(PIECES, encoded, raw_tokenizer, share, np.random.default_rng(0))
    return before, encoded


def test_the_half_words_beside_a_span_are_part_of_it_and_nothing_else_is(raw_tokenizer):
    before, encoded = healed(raw_tokenizer, 1.0)
    assert encoded[0] == before[0][:-1] and encoded[2] == before[2][1:]
    assert encoded[3:] == before[3:]  # between blanks and brackets there is no half word
    taken = raw_tokenizer.decode(before[0][-1:]) + PIECES[1] + raw_tokenizer.decode(before[2][:1])
    assert raw_tokenizer.decode(encoded[1]) == taken
    assert "".join(map(raw_tokenizer.decode, encoded)) == "".join(PIECES)


def test_a_share_of_none_leaves_all_as_it_is(raw_tokenizer):
    before, encoded = healed(raw_tokenizer, 0.0)
    assert encoded == before
