"""Which tokens an answer may contain, as rows of a constraint table; row 0 is what the product may emit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from engine.base.arrays import Bools, Ints
from engine.base.errors import RequestRejected
from engine.network.model_config import ModelConfig

TEXT, TEXT_OR_DELETE, TEXT_OR_CONTROL, ANYTHING = range(4)
SINGLE_LINE = 4
"""Added to one of the first three: the same without line ends."""
AFTER_WORD, BEFORE_WORD = 8, 16
"""Added to any of these: beside a pin, the same without what would join it (``beside_pins``)."""
CONTROL_FREE = np.array([TEXT, TEXT, TEXT, ANYTHING, *[TEXT + SINGLE_LINE] * 3])
"""Row -> the same without control tokens."""


def constraint_table(
    config: ModelConfig, real_tokens: int, suppressed: tuple[int, ...] = (), line_ends: Ints | None = None
) -> Bools:
    """(A, V): text alone; text and delete; text and both control tokens; anything (parity with LLaDA only).

    Three more rows hold the first three without the tokens ``line_ends``. ``real_tokens`` is the tokenizer's size: rows of
    the embedding beyond it are padding. ``suppressed`` ids are out in every row.
    """
    table = np.ones((7, config.embedding_rows), bool)
    products = [row for row in range(7) if row != ANYTHING]
    table[products, real_tokens:] = False
    for unspeakable in config.unspeakable_ids:
        table[products, unspeakable] = False
    for control, rows in (
        (config.delete_token_id, (TEXT_OR_DELETE, TEXT_OR_CONTROL)),
        (config.expand_token_id, (TEXT_OR_CONTROL,)),
    ):
        for row in rows if control is not None else ():
            table[[row, row + SINGLE_LINE], control] = True
    if line_ends is not None:
        table[SINGLE_LINE:, line_ends] = False
    table[:, list(suppressed)] = False
    return table


def beside_pins(table: Bools, begins: Bools, ends: Bools) -> Bools:
    """``table`` with rows ``AFTER_WORD`` (no token that ``begins`` with a letter), ``BEFORE_WORD`` (none that ``ends``)."""
    rows = np.zeros((32, table.shape[1]), bool)
    for flags in range(4):
        rows[8 * flags : 8 * flags + 7] = table
    rows[8:16, begins] = rows[24:32, begins] = False
    rows[16:32, ends] = False
    return rows


def without(table: Bools, ids: Iterable[int]) -> Bools:
    """``table`` with some tokens out in every row."""
    narrowed = table.copy()
    narrowed[:, sorted(ids)] = False
    return narrowed


@lru_cache(maxsize=4)
def everything(rows: int) -> Bools:
    """(1, V) without a constraint; the same array each time, so that requests that share a pass share it."""
    return np.ones((1, rows), bool)


def check_ids(config: ModelConfig, ids: tuple[int, ...]) -> None:
    """``RequestRejected`` when ids are too many for the model or are none of its tokens."""
    if len(ids) > config.max_sequence_length:
        raise RequestRejected(f"{len(ids)} tokens are too many: the model allows {config.max_sequence_length}.")
    if bad := [i for i in ids if not 0 <= i < config.embedding_rows]:
        raise RequestRejected(f"Token id {bad[0]} lies outside the vocabulary of {config.embedding_rows}.")
