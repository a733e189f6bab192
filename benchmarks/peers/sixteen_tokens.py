"""The last sixteen tokens of real lines: one task for a model that writes sixteen tokens from a
prompt and for one that fills a gap of sixteen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.infill_cases import Case, HeldOutDocument
from engine.request.messages import Span
from engine.text.context_window import context_window
from engine.text.tokenizer import TextTokenizer

COUNT = 16
WINDOW = 512
"""Tokens of context and answer together."""
SUFFIX = 128
"""Tokens behind the gap that a prompt has in front, where it has them (the share of a window that
llama.vim gives them, about a quarter)."""
TRIES = 400
"""Lines looked at for each that is wanted."""


@dataclass(frozen=True)
class SixteenTokens:
    """A gap and what stands around it, in tokens."""

    case: Case
    before: list[int]
    after: list[int]
    answer: list[int]

    def prompt(self, suffix_first: bool, separator: Sequence[int]) -> list[int]:
        """What a model that only reads forwards is given: what stands before the gap, and what
        stands behind it in front of that or not at all."""
        return [*self.after[:SUFFIX], *separator, *self.before] if suffix_first else self.before


def sixteen_tokens(
    documents: Sequence[HeldOutDocument], tokenizer: TextTokenizer, count: int, seed: int
) -> list[SixteenTokens]:
    """At most one gap a line, drawn with one seed; fewer where the documents hold fewer."""
    rng, found = np.random.default_rng([seed, COUNT]), dict[tuple[int, int], SixteenTokens]()
    for _ in range(TRIES * count):
        if len(found) == count:
            break
        number = int(rng.integers(len(documents)))
        document = documents[number]
        at = int(rng.integers(len(document.text)))
        end = document.text.find("\n", at)
        gap = _gap(document, document.text.rfind("\n", 0, at) + 1, end, tokenizer)
        if gap is not None:
            found[number, end] = gap
    return list(found.values())


def _gap(
    document: HeldOutDocument, start: int, end: int, tokenizer: TextTokenizer
) -> SixteenTokens | None:
    """The last sixteen tokens of a line that has more; ``None`` where it has not."""
    line = document.text[start:end]
    ids = tokenizer.encode(line)
    answer = tokenizer.decode(ids[-COUNT:])
    begins = end - len(answer)
    if end < 0 or len(ids) <= COUNT or not document.text[start:begins].strip():
        return None
    if not line.endswith(answer) or tokenizer.encode(answer) != ids[-COUNT:]:
        return None
    case = Case(document.text, begins, end, document.source, document.path)
    span = Span(start=begins, end=end, tokens=COUNT)
    before, after = context_window(case.text, [span], tokenizer, WINDOW - COUNT).pieces
    return SixteenTokens(case, before, after, ids[-COUNT:])
