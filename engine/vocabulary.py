"""Which tokens an answer may contain, as rows of a constraint table; row 0 is what the product may emit."""

from __future__ import annotations

import numpy as np

from engine.backends import Bools, Ints
from engine.config import ModelConfig

TEXT, TEXT_OR_DELETE, TEXT_OR_CONTROL, ANYTHING = range(4)
SINGLE_LINE = 4
"""Added to one of the first three: the same without line ends."""


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
