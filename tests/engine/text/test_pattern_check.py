"""Patterns of tokenizers: the published ones pass, those made to take for ever are refused before
they see a text."""

import json

import pytest

from engine.base.errors import CheckpointError
from engine.text.pattern_check import trouble
from engine.text.tokenizer import load_tokenizer

PUBLISHED = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*",
    r"(?<=\d)(?=(?:\d{3})+(?!\d))",
    r" {2,}",
]
BOMBS = [
    r"(a+)+$",
    r"(a*)*b",
    r"(?:a|a)*b",
    r"(a|aa)+$",
    r"((a))+(b+)+",
    r"(?:a+)?+b(a+){2,}",
    r"(a{1,99})*",
    r"(.*)(.*)(.*)(.*)(.*)x",
    r"\s*\s*\s*\s*\s*x",
    r"(a)\1+",
    r"(?R)a",
    r"(?:[a-z]+\s?)+$",
    r"(?:(?:a+)){3,}",
    r"(\w+\s*)*:",
    "a" * 5000,
]


@pytest.mark.parametrize("pattern", PUBLISHED)
def test_published_patterns_pass(pattern):
    assert not trouble(pattern)


@pytest.mark.parametrize("pattern", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_refused(pattern):
    assert trouble(pattern)


@pytest.mark.parametrize("part", ["pre_tokenizer", "normalizer", "sequence"])
def test_a_tokenizer_with_a_bomb_is_not_loaded(tokenizer_file, tmp_path, part):
    raw = json.loads(tokenizer_file.read_text())
    split = {
        "type": "Split",
        "pattern": {"Regex": "(a+)+$"},
        "behavior": "Isolated",
        "invert": False,
    }
    replace = {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": "b"}
    if part == "normalizer":
        raw["normalizer"] = replace
    elif part == "pre_tokenizer":
        raw["pre_tokenizer"] = split
    else:
        raw["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [raw["pre_tokenizer"], split]}
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(CheckpointError, match="pattern"):
        load_tokenizer(path)


def test_a_rule_that_multiplies_a_text_is_refused(tokenizer_file, tmp_path):
    raw = json.loads(tokenizer_file.read_text())
    raw["normalizer"] = {"type": "Replace", "pattern": {"String": "a"}, "content": "b" * 100_000}
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw))
    with pytest.raises(CheckpointError, match="many times as long"):
        load_tokenizer(tmp_path / "tokenizer.json")
