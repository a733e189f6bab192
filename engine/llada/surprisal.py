"""Surprise: minus the log-probability of a token given everything else, on both sides
(pseudo-log-likelihood).

A token is masked to be judged, because predictions at visible positions are untrained. Words are
masked whole, so that pieces of a word do not give each other away; in one pass every ``stride``-th
word is masked, so a text costs ``stride`` passes. Control tokens take no probability.
"""

from __future__ import annotations

import re
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools, Ints
from engine.base.errors import RequestRejected
from engine.decoding.constraints import check_ids
from engine.network.model_config import ModelConfig
from engine.text.tokenizer import TextTokenizer

Scoring = Generator[Batch, Predictions, NDArray[np.float64]]
_WORD = re.compile(r"\w+|[^\w\s]|\s+")


def score_ids(config: ModelConfig, ids: tuple[int, ...]) -> Scoring:
    """Log-probability of every id, one masked in each pass, all others visible."""
    if not ids:
        raise RequestRejected("There are no ids to score; give some, as in 4,8,15.")
    check_ids(config, ids)
    groups = np.arange(len(ids))
    return (yield from _score(config, np.array(ids, np.int64), groups, len(ids), len(ids)))


def score_text(
    config: ModelConfig, ids: Ints, words: Ints, window: int, stride: int | None
) -> Scoring:
    """Log-probability of every token of a text whose tokens belong to ``words`` (numbered from 0).

    ``stride`` words are between two masked ones; ``None`` masks one word a pass. Texts longer than
    ``window`` are judged in windows that overlap by half, each token where it stands nearest to the
    middle.
    """
    if len(ids) == 0:
        return np.empty(0)
    out = np.empty(len(ids))
    half = max(1, window // 2)
    starts = range(0, max(1, len(ids) - half), half)
    for start in starts:
        end = min(len(ids), start + window)
        part, local = ids[start:end], words[start:end] - words[start]
        passes = int(local[-1]) + 1 if stride is None else min(stride, int(local[-1]) + 1)
        found = yield from _score(config, part, local, passes, passes)
        keep = 0 if start == 0 else window // 4
        out[start + keep : end] = found[keep:]
    return out


def _score(config: ModelConfig, ids: Ints, groups: Ints, passes: int, stride: int) -> Scoring:
    """In pass ``p`` mask the groups that are ``p`` modulo ``stride``."""
    out = np.empty(len(ids))
    allowed = _everything_but_control(config)
    positions = np.arange(len(ids))
    for number in range(passes):
        masked = np.flatnonzero(groups % stride == number)
        if not len(masked):
            continue
        noisy = ids.copy()
        noisy[masked] = config.mask_token_id
        predictions = yield Batch(
            input_ids=noisy[None],
            position_ids=positions[None],
            query_index=masked[None],
            allowed=allowed,
            allowed_row=np.zeros((1, len(masked)), np.int64),
            target_ids=ids[masked][None],
        )
        out[masked] = predictions.target_log_probs[0]
    return out


def word_numbers(text: str, tokenizer: TextTokenizer) -> tuple[Ints, Ints, list[tuple[int, int]]]:
    """Ids of ``text``, the number of the word each belongs to, and the code points each covers.

    A word is what a reader takes for one: letters and digits together, marks and blanks apart. A
    token that covers parts of two words (a space and the word after it) belongs to the later.
    """
    ids, spans = tokenizer.encode_with_offsets(text)
    ends = np.array([match.end() for match in _WORD.finditer(text)] or [len(text)])
    words = np.array(
        [int(np.searchsorted(ends, max(start, end - 1), side="right")) for start, end in spans],
        np.int64,
    )
    # Words without a token of their own (a space that joined the next word) leave no gap in the
    # numbers.
    return np.array(ids, np.int64), np.unique(words, return_inverse=True)[1].astype(np.int64), spans


def _everything_but_control(config: ModelConfig) -> Bools:
    allowed = np.ones((1, config.embedding_rows), bool)
    allowed[0, list(config.control_ids)] = False
    return allowed
