"""Infilling examples: spans cut out of a text, with DreamOn's control tokens (arXiv 2602.01326).

Half of the spans are cut at any character, as cursors stand; where that is inside a word, most
spans get the word's token as a whole, as fills write it. A span's slots end in ``<|delete|>``
tokens (start long, delete the rest), or some of its adjacent masks are merged into ``<|expand|>``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from engine.base.structs import Config
from engine.infill.search.initial_canvas import MAX_SLOTS, START, usual_slots
from engine.network.model_config import ModelConfig
from engine.text.line_start import line_start
from training.examples.healed_cuts import heal_cuts
from training.examples.python_pieces import python_pieces

CHARS_PER_SLOT = 2.2
"""Spans are cut to this many characters a slot, so that nearly all fit their slots once
tokenised."""
_WORD = re.compile(r"\w+|[^\w\s]+")
P_WORDS, P_REST, P_LINE, P_BLOCK = 0.35, 0.25, 0.32, 0.08
"""Shares of the spans that do not begin at just any character: a run of words, the rest of a line,
a line (or a few), and from a line to the end of its block, which is a paragraph or the rest of a
function. Cursors stand in lines more often than before whole blocks."""
P_LINES = 0.375
"""Share of the spans of lines that go on over up to two further lines."""
MOST_WORDS = 5
"""Words of a run."""
CHARACTERS = (2, 64)
"""Shortest and longest span at any character, log-uniform: cursors mostly want a few characters,
sometimes the rest of the line."""
APART = 2
"""Characters of context between two spans."""
TRIES = 6
"""Places tried for every span that is wanted."""
P_MERGED = 0.5
"""Share of adjacent masks that become one `expand`, in spans that train it."""


class InfillConfig(Config, kw_only=True, frozen=True):
    max_spans: int = 4
    """Spans of an example with few spans."""
    max_short_spans: int = 16
    """Spans of an example with many short ones: more labels for the same context."""
    p_few: float = 0.3
    """Share of examples with few spans."""
    slots: int = 64
    """Canvas places for all spans of one example together."""
    p_start: float = 0.5
    """Share of spans with just the slots that a fill starts with; the others have fewer, as after
    some steps of it."""
    p_expand: float = 0.15
    """Share of spans that train expand instead of delete."""
    p_all_masked: float = 0.5
    """Share of examples whose spans are wholly masked, as at the first step of an infill."""
    p_any_character: float = 0.5
    """Share of spans cut at any character."""
    p_healed: float = 0.85
    """Share of spans to which half a word beside them belongs, as in fills (token healing); not
    where the length is given."""
    p_syntax: float = 0.15
    """Share of spans that are a piece of the program, where the text is one."""
    hidden_share: float = 0.8
    """Share of infill batches whose context cannot attend to the spans (ARCHITECTURE.md, "The
    context cache")."""
    p_related: float = 0.3
    """Share of examples with snippets of neighbouring files in front."""
    related_tokens: int = 128
    """At most so many tokens of the context are snippets."""
    p_no_suffix: float = 0.05


@dataclass
class InfillExample:
    """One canvas, context and spans apart. ``*_positions`` are places on the canvas with the spans'
    slots in it."""

    context_ids: list[int]
    context_positions: list[int]
    span_ids: list[int]
    """Noisy: masks and revealed tokens."""
    span_positions: list[int]
    targets: list[int]
    """The label of each slot; meaningful where ``span_ids`` is the mask."""
    weights: list[float]


def make_example(
    text: str,
    tokenizer: Tokenizer,
    model: ModelConfig,
    config: InfillConfig,
    context: int,
    *,
    rng: np.random.Generator,
    is_python: bool = False,
    related: Sequence[int] = (),
) -> InfillExample | None:
    """Cut spans out of ``text``, behind the ids ``related``; ``None`` when the text has no room for
    one."""
    few = rng.random() < config.p_few
    low, high = (1, config.max_spans) if few else (config.max_spans, config.max_short_spans)
    count = int(rng.integers(low, high + 1))
    longest = int(config.slots / count * CHARS_PER_SLOT)
    syntax = (
        [p for p in python_pieces(text) if p[1] - p[0] <= longest]
        if is_python and config.p_syntax
        else []
    )
    cuts = choose_spans(text, count, config, rng, longest, syntax)
    if not cuts:
        return None
    if rng.random() < config.p_no_suffix:
        text = text[: cuts[-1][1]]
    pieces, at = [], 0
    for start, end in cuts:
        pieces += [text[at:start], text[start:end]]
        at = end
    pieces.append(text[at:])
    encoded = [e.ids for e in tokenizer.encode_batch_fast(pieces, add_special_tokens=False)]
    heal_cuts(pieces, encoded, tokenizer, config.p_healed, rng)
    encoded = fit_context(encoded, context - len(related))
    encoded[0] = [*related, *encoded[0]]
    if sum(map(len, encoded[::2])) > context:
        return None
    spare = config.slots - sum(map(len, encoded[1::2]))
    if spare < 0:
        return None
    share = 2 * spare // len(cuts)
    rate = 1.0 if rng.random() < config.p_all_masked else float(rng.random())
    example = InfillExample([], [], [], [], [], [])
    position = 0
    for i, ids in enumerate(encoded):
        if i % 2 == 0:
            example.context_ids += ids
            example.context_positions += range(position, position + len(ids))
            position += len(ids)
            continue
        surplus = usual_slots(len(cuts), START if len(ids) <= START else MAX_SLOTS) - len(ids)
        if rng.random() >= config.p_start or not 0 <= surplus <= spare:
            surplus = int(rng.integers(0, max(0, min(share, spare, MAX_SLOTS - len(ids))) + 1))
        spare -= surplus
        span = _noised(ids, surplus, rate, model, config.p_expand, rng)
        example.span_ids += span.ids
        example.targets += span.targets
        example.weights += span.weights
        example.span_positions += range(position, position + len(span.ids))
        position += len(span.ids)
    return example


def choose_spans(
    text: str,
    count: int,
    config: InfillConfig,
    rng: np.random.Generator,
    longest: int = 10_000,
    pieces: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """Up to ``count`` disjoint, non-empty, sorted ranges of at most ``longest`` characters, in a
    line or over lines.

    ``pieces`` are ranges that syntax suggests.
    """
    chosen: list[tuple[int, int]] = []
    for _ in range(count * TRIES):
        if len(chosen) == count:
            break
        if pieces and rng.random() < config.p_syntax:
            start, end = pieces[int(rng.integers(0, len(pieces)))]
        else:
            start, end = _one_span(text, config.p_any_character, rng)
        end = min(end, start + longest)
        if (
            start < end
            and text[start:end].strip()
            and all(end + APART <= s or e + APART <= start for s, e in chosen)
        ):
            chosen.append((start, end))
    return sorted(chosen)


def _one_span(text: str, p_any: float, rng: np.random.Generator) -> tuple[int, int]:
    at = int(rng.integers(0, len(text)))
    begins = line_start(text, at)
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    if rng.random() < p_any:
        length = int(np.exp(rng.uniform(*np.log(CHARACTERS))))
        return at, min(at + length, line_end)
    kind = rng.random()
    if kind < P_WORDS:
        words = [m.span() for m in _WORD.finditer(text, begins, line_end)]
        if not words:
            return at, at
        first = int(rng.integers(0, len(words)))
        last = min(first + int(rng.integers(0, MOST_WORDS)), len(words) - 1)
        return words[first][0], words[last][1]
    if kind < P_WORDS + P_REST:
        return at, line_end
    if kind > 1.0 - P_BLOCK:
        block_end = text.find("\n\n", line_end)
        return begins, len(text) if block_end < 0 else block_end
    indent = len(text[begins:line_end]) - len(text[begins:line_end].lstrip())
    several = kind > 1.0 - P_BLOCK - P_LINE * P_LINES
    for _ in range(int(rng.integers(0, 3)) if several else 0):
        following = text.find("\n", line_end + 1)
        line_end = len(text) if following < 0 else following
    return begins + indent, line_end


def fit_context(encoded: list[list[int]], context: int) -> list[list[int]]:
    """Cut the two ends of the context to ``context`` tokens in all, each end keeping its share."""
    surplus = sum(map(len, encoded[::2])) - context
    if surplus <= 0:
        return encoded
    first, last = encoded[0], encoded[-1]
    both = max(1, len(first) + len(last))
    off_front = min(len(first), surplus * len(first) // both)
    off_back = min(len(last), surplus - off_front)
    return [first[off_front:], *encoded[1:-1], last[: len(last) - off_back]]


class _Span(NamedTuple):
    """The slots of one span, as they stand in ``InfillExample``."""

    ids: list[int]
    targets: list[int]
    weights: list[float]


def _noised(
    ids: list[int],
    surplus: int,
    rate: float,
    model: ModelConfig,
    p_expand: float,
    rng: np.random.Generator,
) -> _Span:
    """The span ``ids``, each token masked with probability ``rate``, and ``surplus`` slots to
    delete."""
    mask, expand, delete = model.mask_token_id, model.expand_token_id, model.delete_token_id
    masked = rng.random(len(ids)) < rate if rate < 1.0 else np.ones(len(ids), bool)
    labels, noisy, weights = [], [], []
    merging = expand is not None and rng.random() < p_expand
    i = 0
    while i < len(ids):
        if merging and i + 1 < len(ids) and masked[i] and masked[i + 1] and rng.random() < P_MERGED:
            labels.append(expand if expand is not None else ids[i])
            noisy.append(mask)
            i += 2
        else:
            labels.append(ids[i])
            noisy.append(mask if masked[i] else ids[i])
            i += 1
        weights.append(1.0)
    # Without control tokens (a public LLaDA) a span has as many slots as tokens.
    surplus = 0 if merging or delete is None else surplus
    labels += [delete] * surplus if delete is not None else []
    noisy += [mask] * surplus
    weights += [1.0 / max(1, surplus)] * surplus  # all deletes of a span count as one token
    return _Span(noisy, labels, weights)
