"""Rebuild a ``tokenizer.json`` from the vocabulary, merges and pre-tokeniser name of a GGUF file.

Byte-level BPE only: the names of ``tokenizer.ggml.pre`` stand for regular expressions that
llama.cpp has compiled in (``llama-vocab.cpp``); those of the families that can be converted are
written down here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from engine.base.errors import CheckpointError

CONTROL, USER_DEFINED = 3, 4
"""``tokenizer.ggml.token_type``: special tokens, and tokens that are never split."""

_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def rebuilt_tokenizer(
    path: Path,
    model: str,
    pre: str,
    tokens: Sequence[str],
    merges: Sequence[str],
    kinds: Sequence[int],
) -> dict[str, Any]:
    """The JSON object of the tokenizer; ``CheckpointError`` where it is of a kind that is not known
    here."""
    if model != "gpt2":
        raise CheckpointError(
            f"{path} has a tokenizer of the kind {model!r}, which cannot be rebuilt; convert its "
            "Hugging Face folder."
        )
    splitter = _splitter(pre)
    if splitter is None:
        raise CheckpointError(
            f"{path} splits text as {pre!r}, which is not known; convert the Hugging Face folder "
            "of this model instead."
        )
    vocab = {token: i for i, token in enumerate(tokens)}
    pairs = [tuple(merge.split(" ")) for merge in merges]
    if (
        len(vocab) != len(tokens)
        or len(kinds) != len(tokens)
        or any(len(pair) != 2 for pair in pairs)
    ):
        raise CheckpointError(f"{path} has a damaged vocabulary; fetch the file again.")
    try:
        bpe = models.BPE(vocab=vocab, merges=[(first, second) for first, second in pairs])
    except Exception as exc:  # the library raises bare Exception
        raise CheckpointError(
            f"{path} has merges that its vocabulary does not know; fetch the file again."
        ) from exc
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.ByteLevel()
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    for token, kind in zip(tokens, kinds, strict=True):
        if kind == CONTROL:
            tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        elif kind == USER_DEFINED:
            tokenizer.add_tokens([AddedToken(token, normalized=False)])
    rebuilt: dict[str, Any] = json.loads(tokenizer.to_str())
    return rebuilt


def _splitter(pre: str) -> pre_tokenizers.PreTokenizer | None:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    match pre:
        case "smollm" | "starcoder" | "refact" | "command-r":
            return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])
        case "gpt-2":
            return words
        case "llama-bpe" | "llama3":
            return pre_tokenizers.Sequence(
                [pre_tokenizers.Split(Regex(_LLAMA3), "isolated"), byte_level]
            )
        case "qwen2":
            return pre_tokenizers.Sequence(
                [pre_tokenizers.Split(Regex(_QWEN2), "isolated"), byte_level]
            )
    return None
