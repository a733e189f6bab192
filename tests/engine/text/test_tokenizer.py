"""Text to ids and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import CheckpointError
from engine.text.tokenizer import TextTokenizer

texts = st.text(
    alphabet=st.one_of(st.sampled_from("ab _=()\n\r\t"), st.characters(exclude_categories=["Cs"])),
    max_size=80,
)


@given(texts)
def test_encoding_loses_nothing(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text.replace("\ufffd", "")


@given(texts, texts)
def test_ids_of_a_line_do_not_depend_on_other_lines(tokenizer, first, second):
    first = first + "\n"
    assert tokenizer.encode(first + second) == tokenizer.encode(first) + tokenizer.encode(second)


def test_special_tokens_never_come_from_text(tokenizer):
    assert min(tokenizer.encode("<|mask|><|expand|><|delete|><|eos|>")) > 15


def test_half_a_surrogate_pair_does_no_harm(tokenizer):
    assert tokenizer.encode("a\ud83db")


def test_every_token_with_a_line_end_is_known_as_one(tokenizer):
    line_ends = set(tokenizer.line_end_ids().tolist())
    for token in range(16, tokenizer.size):
        assert ("\n" in tokenizer.decode([token])) == (token in line_ends)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointError, match="tokenizer.json is missing or damaged"):
        TextTokenizer(tmp_path / "tokenizer.json")


def test_a_character_of_several_tokens_belongs_to_the_token_that_completes_it(tokenizer):
    ids = tokenizer.encode("a\u2603\U0001f642b")
    each = tokenizer.decode_each(ids)
    assert len(each) == len(ids) > 4
    assert "".join(each) == "a\u2603\U0001f642b"
