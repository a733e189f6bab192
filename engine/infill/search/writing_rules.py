"""What may follow what was written of a span so far, where it is written from the left, and what
well may."""

from __future__ import annotations

from collections.abc import Callable

from engine.base.arrays import Bools
from engine.decoding.constraints import Constraint, ConstraintTable
from engine.decoding.left_to_right.guesses import Guesses
from engine.decoding.token_healing import Border, TokenHealing
from engine.infill.window import Prompt
from engine.request.messages import Span

LONGEST = 96
"""Tokens after which a single span that was told no length ends."""


class Allowed:
    """The tokens so far -> (V,) what may follow: half words beside the span are kept, a single
    line, a length that was told; the end is allowed where an answer may end."""

    def __init__(self, prompt: Prompt, span: Span, table: ConstraintTable, i: int) -> None:
        healing, model = prompt.healing, prompt.task.model
        self._tokenizer, self._end = model.tokenizer, model.config.span_end_token_id
        self._border = healing.borders.get(i, Border())
        one_line = span.single_line or span.lines is not None
        self._text = table.row(Constraint.SINGLE_LINE if one_line else Constraint.TEXT)
        self._first = first_tokens(healing, table, i, self._text)
        self._least, self._exact = max(1, span.min_tokens), span.tokens

    def __call__(self, tokens: list[int]) -> Bools:
        row = (self._text if tokens else self._first).copy()
        row[self._end] = self._may_end(tokens)
        return row

    def _may_end(self, tokens: list[int]) -> bool:
        if self._exact is not None or len(tokens) < self._least:
            return False
        return ends(self._tokenizer.decode(tokens), self._border)


def first_tokens(healing: TokenHealing, table: ConstraintTable, i: int, usual: Bools) -> Bools:
    """(V,) what span ``i`` may begin with: the half word that was taken back, or what is usual."""
    outer, border = healing.rows.get(i), healing.borders.get(i, Border())
    begins = outer is not None and outer.first is not None and border.before
    return table.allowed[outer.first] if outer is not None and begins else usual


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
    tokenizer, joined = prompt.task.model.tokenizer, border.before + border.after

    def row(tokens: list[int]) -> Bools | None:
        found = last if tokens else only
        rest = tokenizer.encode(joined.removeprefix(tokenizer.decode(tokens)))
        if found is None or len(rest) != 1:
            return found
        # The two half words alone are not an answer.
        found = found.copy()
        found[rest] = False
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
