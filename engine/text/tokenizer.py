"""Text to token ids and back, with ids cached per line.

The default model's pre-tokeniser splits after every newline, so the ids of a line do not depend on
its neighbours and an edit costs one line. Other tokenizers are asked for whole pieces.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import tokenizers

from engine.base.arrays import Ints
from engine.base.errors import CheckpointError
from engine.base.regular_file import JSON_BYTES, read_regular_file
from engine.text.pattern_check import check_patterns

_NEWLINE = "\u010a"
HALF_CHARACTER, LAST_CHARACTER = "\ufffd", "\U0010ffff"
MAX_CACHED_LINE = 2_000
"""Longer lines are tokenised each time: they are rare, and keeping them would hold much of a
document twice."""


def load_tokenizer(path: Path) -> tokenizers.Tokenizer:
    """Read a ``tokenizer.json``."""
    try:
        tokenizer = tokenizers.Tokenizer.from_str(
            read_regular_file(path, JSON_BYTES).decode("utf-8")
        )
    except Exception as exc:  # the library raises bare Exception for every damage
        raise CheckpointError(f"{path} is missing or damaged; fetch the model again.") from exc
    for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder):
        check_patterns(part)
    return tokenizer


class TextTokenizer:
    """A ``tokenizer.json`` of the Hugging Face library; special tokens are never produced from
    text."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = load_tokenizer(path)
        self._tokenizer.encode_special_tokens = True
        self._cached = lru_cache(maxsize=20_000)(self._encode)
        with _failures_told():
            self.lines_are_independent = _splits_after_newline(self._tokenizer)

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text``."""
        if not self.lines_are_independent:
            return list(self._encode(text))
        ids: list[int] = []
        for line in _lines(text):
            ids += self._cached(line) if len(line) <= MAX_CACHED_LINE else self._encode(line)
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids of ``text`` and the code points that each covers."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8")
        with _failures_told():
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return list(encoding.ids), list(encoding.offsets)

    def decode(self, ids: list[int]) -> str:
        """Text of ``ids``; bytes that form no character (a guess cut in the middle of one) are left
        out."""
        with _failures_told():
            text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text.replace("\ufffd", "")

    def decode_each(self, ids: list[int]) -> list[str]:
        """What every one of ``ids`` adds to the text of those before it; together the text of
        all."""
        alone = [self.decode([token]) for token in ids]
        if "".join(alone) == self.decode(ids):
            return alone
        # A character of several tokens is told when its last one is there.
        grown = [self.decode(ids[:size]) for size in range(len(ids) + 1)]
        return [longer[len(shorter) :] for shorter, longer in pairwise(grown)]

    @property
    def size(self) -> int:
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    @cached_property
    def newline_id(self) -> int:
        """The token of a line end alone; ``CheckpointError`` where there is none."""
        ids = self.encode("\n")
        if len(ids) != 1:
            raise CheckpointError(
                "This model's tokenizer has no token for a line end; ask without a number of lines."
            )
        return ids[0]

    def line_end_ids(self) -> Ints:
        """Ids of the tokens that hold a line end; in a byte-level vocabulary a newline is written
        as one letter."""
        return np.array(sorted({*self.ids_with(_NEWLINE), *self.ids_with("\n")}), np.int64)

    def ids_with(self, part: str) -> tuple[int, ...]:
        """Ids of the tokens that hold ``part`` as the vocabulary writes it."""
        vocab: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=False)
        return tuple(sorted(i for token, i in vocab.items() if part in token))

    def token_texts(self) -> list[str]:
        """The text of every token alone, in order of the ids; special tokens have none."""
        return self._token_texts

    @cached_property
    def _token_texts(self) -> list[str]:
        with _failures_told():
            return list(
                self._tokenizer.decode_batch(
                    [[i] for i in range(self.size)], skip_special_tokens=True
                )
            )

    def ids_that_begin(self, part: str) -> Ints:
        """Ids of the tokens whose text begins with ``part``; none for half a character."""
        return _with_prefix(self._by_beginning, part)

    def ids_that_end(self, part: str) -> Ints:
        """Ids of the tokens whose text ends with ``part``; none for half a character."""
        return _with_prefix(self._by_end, part[::-1])

    @cached_property
    def _by_beginning(self) -> tuple[list[str], Ints]:
        return _sorted(self._token_texts)

    @cached_property
    def _by_end(self) -> tuple[list[str], Ints]:
        return _sorted([text[::-1] for text in self._token_texts])

    def _encode(self, text: str) -> tuple[int, ...]:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode(
                "utf-8"
            )  # an editor may send half a surrogate pair
        with _failures_told():
            return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn errors of the library into ours: bare exceptions, and panics of its native code, which
    do not even derive from ``Exception``."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as exc:
        raise CheckpointError(
            "This model's tokenizer fails on a text; fetch the model again."
        ) from exc


def _sorted(texts: list[str]) -> tuple[list[str], Ints]:
    """Texts in order, and where each stood."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    return [texts[i] for i in order], np.array(order, np.int64)


def _with_prefix(ordered: tuple[list[str], Ints], part: str) -> Ints:
    texts, ids = ordered
    if not part or HALF_CHARACTER in part:
        return ids[:0]
    return ids[bisect_left(texts, part) : bisect_left(texts, part + LAST_CHARACTER)]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _splits_after_newline(tokenizer: tokenizers.Tokenizer) -> bool:
    first, second = "a:\n", "\n  b"
    together = tokenizer.encode(first + second, add_special_tokens=False).ids
    apart = [tokenizer.encode(part, add_special_tokens=False).ids for part in ("a:\n", "\n", "  b")]
    return bool(together == [i for ids in apart for i in ids])
