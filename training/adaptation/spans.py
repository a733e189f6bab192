"""Cut a window of text into stretches of context and spans, as fills see them, and tokenise
both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from training.adaptation.config import RowConfig
from training.examples.healed_cuts import heal_cuts
from training.examples.infill_examples import InfillConfig, choose_spans
from training.examples.python_pieces import python_pieces

CHARS_PER_TOKEN = 2.6
"""Spans are cut to this many characters a token: most of them then have few enough."""
MAX_SPAN_TOKENS = 31
"""A span and its end, or its expand token, fit 32 slots: longer answers are written in blocks."""


@dataclass(frozen=True)
class Cut:
    """Token ids of the stretches, one more than spans, without start tokens, and of the spans."""

    stretches: list[list[int]]
    spans: list[list[int]]
    at_beginning: bool
    """Whether the first stretch begins where the document does."""


def cut_window(
    text: str,
    at_beginning: bool,
    is_python: bool,
    tokenizer: Tokenizer,
    config: RowConfig,
    rng: np.random.Generator,
) -> Cut | None:
    """Spans of ``text`` at random places; ``None`` when it has no room for one."""
    count = min(config.max_spans, int(rng.geometric(config.p_last_span)))
    longest = int(min(MAX_SPAN_TOKENS, config.span_tokens / count) * CHARS_PER_TOKEN)
    cuts = InfillConfig(p_any_character=config.p_any_character, p_syntax=config.p_syntax)
    syntax = (
        [p for p in python_pieces(text) if p[1] - p[0] <= longest]
        if is_python and config.p_syntax
        else []
    )
    chosen = choose_spans(text, count, cuts, rng, longest, syntax)
    if not chosen:
        return None
    if rng.random() < config.p_no_prefix:
        text, chosen = _from(text, chosen)
        at_beginning = True
    if rng.random() < config.p_no_suffix:
        text = text[: chosen[-1][1]]
    pieces, at = [], 0
    for start, end in chosen:
        # The last blank before a span is part of its first word's token.
        start -= start > at and text[start - 1] == " "
        pieces += [text[at:start], text[start:end]]
        at = end
    pieces.append(text[at:])
    encoded = [e.ids for e in tokenizer.encode_batch_fast(pieces, add_special_tokens=False)]
    heal_cuts(pieces, encoded, tokenizer, config.p_healed, rng)
    spans = encoded[1::2]
    if any(not ids or len(ids) > MAX_SPAN_TOKENS for ids in spans):
        return None
    return Cut(encoded[::2], spans, at_beginning)


def _from(text: str, chosen: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text from the first span on."""
    offset = chosen[0][0]
    return text[offset:], [(start - offset, end - offset) for start, end in chosen]
