"""Cuts inside words, as a fill sees them: half a word beside a span is written again with it.

``engine/decoding/token_healing.py`` does the same in use.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from engine.request.words import is_word
from engine.text.tokenizer import HALF_CHARACTER


def heal_cuts(
    pieces: Sequence[str],
    encoded: list[list[int]],
    tokenizer: Tokenizer,
    share: float,
    rng: np.random.Generator,
) -> None:
    """Move the context's token beside a span into the span where it is part of a word, for
    ``share`` of the spans; in place.

    ``pieces`` and their ids ``encoded`` alternate: context, span, context.
    """
    texts: dict[int, str] = {}
    for i in range(1, len(pieces), 2):
        if rng.random() >= share:
            continue
        left, right = encoded[i - 1], encoded[i + 1]
        before = _word(left[-1:], tokenizer) if is_word(pieces[i - 1][-1:]) else ""
        after = _word(right[:1], tokenizer) if is_word(pieces[i + 1][:1]) else ""
        if before:
            left.pop()
        if after:
            right.pop(0)
        if before or after:
            texts[i] = before + pieces[i] + after
    healed = tokenizer.encode_batch_fast([*texts.values()], add_special_tokens=False)
    for i, encoding in zip(texts, healed, strict=True):
        encoded[i] = encoding.ids


def _word(ids: Sequence[int], tokenizer: Tokenizer) -> str:
    """The text of a token; empty for none, and for one that holds half a character."""
    text: str = tokenizer.decode(list(ids)) if ids else ""
    return "" if HALF_CHARACTER in text else text
