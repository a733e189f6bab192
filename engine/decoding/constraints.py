"""Which tokens may stand in a slot: named flags, and the table in which every combination of them
has a row.

Row 0 is what the product may emit: text, never a mask or control token.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag, auto
from functools import lru_cache

import numpy as np

from engine.base.arrays import Bools, Ints
from engine.base.errors import RequestRejected
from engine.network.model_config import ModelConfig


class Constraint(IntFlag):
    """What a slot may hold beside text, and which text it may not hold."""

    TEXT = 0
    DELETE = auto()
    """The control token that takes the slot away may stand here."""
    EXPAND = auto()
    """So may the one that makes two of it."""
    SINGLE_LINE = auto()
    """No line end."""
    AFTER_PIN = auto()
    """No token that begins with a letter: it would join the pinned word before it."""
    BEFORE_PIN = auto()
    """No token that ends with a letter."""
    ANYTHING = auto()
    """Every token, control tokens too: parity with LLaDA."""


CONTROL = Constraint.DELETE | Constraint.EXPAND
_LENGTHS = (Constraint.TEXT, Constraint.DELETE, CONTROL)
_FLAGS = 1 << len(Constraint)
_NO_ROW = -1


@dataclass(frozen=True, eq=False)
class ConstraintTable:
    """Rows of allowed tokens, and which row a combination of flags has."""

    allowed: Bools  # (A, V)
    row_of: Ints  # (combinations of flags,)

    def rows(self, flags: Ints) -> Ints:
        """The row of every slot from its flags (M,)."""
        found: Ints = self.row_of[flags]
        assert (found != _NO_ROW).all(), "every combination that a slot can have was given a row"
        return found

    def row(self, flags: Constraint) -> Bools:
        """The tokens (V,) that these flags allow."""
        found: Bools = self.allowed[self.rows(np.array(flags))]
        return found

    def beside_pins(self, begins: Bools, ends: Bools) -> ConstraintTable:
        """With rows for slots beside a pin; ``begins`` and ``ends`` (V,) say which tokens do so
        with a letter."""
        new = {}
        for flags in [f for f in _combinations() if self.row_of[f] != _NO_ROW]:
            for side, joining in (
                (Constraint.AFTER_PIN, begins),
                (Constraint.BEFORE_PIN, ends),
                (Constraint.AFTER_PIN | Constraint.BEFORE_PIN, begins | ends),
            ):
                new[flags | side] = self.row(flags) & ~joining
        return self._with(new)

    def without(self, ids: list[int]) -> ConstraintTable:
        """With some tokens out in every row."""
        narrowed = self.allowed.copy()
        narrowed[:, ids] = False
        return ConstraintTable(narrowed, self.row_of)

    def extended(self, rows: list[Bools]) -> ConstraintTable:
        """With further rows behind the others, for slots that no flags describe."""
        return (
            ConstraintTable(np.concatenate([self.allowed, np.stack(rows)]), self.row_of)
            if rows
            else self
        )

    def _with(self, new: dict[Constraint, Bools]) -> ConstraintTable:
        row_of = self.row_of.copy()
        row_of[list(new)] = np.arange(len(self.allowed), len(self.allowed) + len(new))
        return ConstraintTable(np.concatenate([self.allowed, np.stack(list(new.values()))]), row_of)


def constraint_table(
    config: ModelConfig,
    real_tokens: int,
    suppressed: tuple[int, ...] = (),
    line_ends: Ints | None = None,
) -> ConstraintTable:
    """Rows for text alone, with the control tokens, each also on a single line; and for anything.

    ``real_tokens`` is the tokenizer's size: rows of the embedding beyond it are padding.
    ``suppressed`` ids are out in every row, ``line_ends`` in those of a single line.
    """
    text = np.ones(config.embedding_rows, bool)
    text[real_tokens:] = False
    text[list(config.unspeakable_ids)] = False
    rows: dict[Constraint, Bools] = {}
    for flags in [*_combinations(), Constraint.ANYTHING]:
        row = np.ones_like(text) if flags is Constraint.ANYTHING else text.copy()
        for control, token in (
            (Constraint.DELETE, config.delete_token_id),
            (Constraint.EXPAND, config.expand_token_id),
        ):
            if token is not None and control in flags:
                row[token] = True
        if line_ends is not None and Constraint.SINGLE_LINE in flags:
            row[line_ends] = False
        row[list(suppressed)] = False
        rows[flags] = row
    nothing = ConstraintTable(np.empty((0, len(text)), bool), np.full(_FLAGS, _NO_ROW, np.int64))
    return nothing._with(rows)


def _combinations() -> list[Constraint]:
    """Flags of slots that stand beside no pin; text alone is the first."""
    return [
        length | line for line in (Constraint.TEXT, Constraint.SINGLE_LINE) for length in _LENGTHS
    ]


@lru_cache(maxsize=4)
def everything(rows: int) -> Bools:
    """(1, V) without a constraint; the same array each time, so that requests that share a pass
    share it."""
    return np.ones((1, rows), bool)


def check_ids(config: ModelConfig, ids: tuple[int, ...]) -> None:
    """``RequestRejected`` when ids are too many for the model or are none of its tokens."""
    if len(ids) > config.max_sequence_length:
        raise RequestRejected(
            f"{len(ids)} tokens are too many: the model allows {config.max_sequence_length}."
        )
    if bad := [i for i in ids if not 0 <= i < config.embedding_rows]:
        raise RequestRejected(
            f"Token id {bad[0]} lies outside the vocabulary of {config.embedding_rows}."
        )
