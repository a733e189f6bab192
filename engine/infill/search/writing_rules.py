"""What may follow what was written of a span so far, where it is written from the left, and what
well may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.base.arrays import Bools
from engine.decoding.constraints import Constraint, ConstraintTable
from engine.decoding.left_to_right.guesses import Guesses
from engine.decoding.token_healing import Border
from engine.infill.window import Prompt
from engine.request.messages import Span
from engine.text.line_start import line_before

LONGEST_ANSWER = 96
"""Tokens after which a single span ends whose length was not given."""


MOST_SPACES = 4
"""In front of a word, in one token of usual vocabularies."""


class Allowed:
    """The tokens so far -> (V,) what may follow: half words beside the span are kept, a number of
    lines, a given length; the end is allowed where an answer may end."""

    def __init__(
        self, prompt: Prompt, span: Span, table: ConstraintTable, i: int, max_tokens: int
    ) -> None:
        healing, model = prompt.healing, prompt.task.model
        self._tokenizer, self._end = model.tokenizer, model.config.span_end_token_id
        self._border = healing.borders.get(i, Border())
        self._text = table.row(Constraint.SINGLE_LINE if span.one_line else Constraint.TEXT)
        self._first = healing.first_tokens(i, table, self._text)
        self._least, self._exact = max(1, span.min_tokens), span.tokens
        self._lines = None
        if span.lines is not None and not span.one_line:
            self._lines = _Lines.of(prompt, span, table, max_tokens)

    def __call__(self, tokens: list[int]) -> Bools:
        row = (self._text if tokens else self._first).copy()
        if self._lines is not None:
            row &= self._lines.allowed(self._own(tokens), len(tokens))
        row[self._end] = self._may_end(tokens)
        return row

    def _own(self, tokens: list[int]) -> str:
        """What was written between the half words."""
        return self._tokenizer.decode(tokens)[len(self._border.before) :]

    def _may_end(self, tokens: list[int]) -> bool:
        if self._exact is not None or len(tokens) < self._least:
            return False
        if self._lines is not None and not self._lines.complete(self._own(tokens)):
            return False
        return ends(self._tokenizer.decode(tokens), self._border)


@dataclass(frozen=True)
class _Lines:
    """A number of lines that an answer has to have; none of them is blank."""

    count: int
    before: str
    """What stands before the span on its line."""
    on_a_line: Bools  # (V,) no line end
    line_end: Bools  # (V,) text with one line end
    max_tokens: int

    @classmethod
    def of(cls, prompt: Prompt, span: Span, table: ConstraintTable, max_tokens: int) -> _Lines:
        text, on_a_line = table.row(Constraint.TEXT), table.row(Constraint.SINGLE_LINE)
        line_end = text & ~on_a_line
        tokens, document = prompt.task.model.tokenizer.token_texts(), prompt.task.request.text
        for token in np.flatnonzero(line_end):
            line_end[token] = tokens[token].count("\n") == 1
        before = line_before(document, span.start)
        assert span.lines is not None
        return cls(span.lines, before, on_a_line, line_end, max_tokens)

    def allowed(self, text: str, tokens: int) -> Bools:
        """(V,) what may follow ``text`` of so many tokens: no line too many, and every line while
        there is room for it."""
        missing = self.count - 1 - text.count("\n")
        if missing <= 0 or self._blank(text):
            return self.on_a_line
        if self.max_tokens - tokens <= 2 * missing + 1:
            return self.line_end
        return self.on_a_line | self.line_end

    def complete(self, text: str) -> bool:
        """Whether the last line is begun."""
        return text.count("\n") == self.count - 1 and not self._blank(text)

    def _blank(self, text: str) -> bool:
        line = text.rpartition("\n")[2] if "\n" in text else self.before + text
        return not line.strip()


def closing(
    prompt: Prompt, table: ConstraintTable, i: int
) -> Callable[[list[int]], Bools | None] | None:
    """The tokens so far -> what ends span ``i`` with the half word that was taken back behind
    it."""
    outer, border = prompt.healing.rows.get(i), prompt.healing.borders.get(i, Border())
    if outer is None or outer.last is None:
        return None
    last = table.allowed[outer.last]
    only = None if outer.only is None else table.allowed[outer.only]
    tokenizer = prompt.task.model.tokenizer

    @cache
    def without_words(missing: str) -> list[int]:
        """Tokens that add nothing to the half words, or spaces alone, where ``missing`` of the one
        before is still to be written."""
        whole = [tokenizer.encode(missing + " " * n + border.after) for n in range(MOST_SPACES + 1)]
        return [ids[0] for ids in whole if len(ids) == 1]

    def row(tokens: list[int]) -> Bools | None:
        found, text = last if tokens else only, tokenizer.decode(tokens)
        if found is None or text[len(border.before) :].strip(" "):
            return found
        found = found.copy()
        found[without_words(border.before[len(text) :])] = False
        return found if found.any() else None

    return row


def guesses(prompt: Prompt, i: int) -> Guesses:
    """What may follow in span ``i``: copies that were found, and what stands in the window."""
    encode, border = prompt.task.model.tokenizer.encode, prompt.healing.borders.get(i, Border())
    answers = [
        encode(border.before + text + border.after) for text in prompt.task.guesses.get(i, ())
    ]
    snippets = [] if prompt.starts is None else prompt.starts.snippets
    before, after = prompt.pieces[: i + 1], prompt.pieces[i + 1 :]
    return Guesses(before[-1], [*snippets, *reversed(after), *before], answers)


def ends(text: str, border: Border) -> bool:
    """Whether ``text`` has something between the half words that were taken back, and ends with the
    one behind the span. Spaces alone are nothing: whoever leaves a blank wants words."""
    own = text[len(border.before) : len(text) - len(border.after)]
    return text.endswith(border.after) and bool(own.strip(" "))
