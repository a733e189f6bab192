"""In which order the tokens of a span may be written."""

from __future__ import annotations

from typing import Literal, get_args

Order = Literal["together", "one_at_a_time", "reranked"]
"""By masks that are refined together; from the left, which models with causal context can; from the
left by beams that are ranked with the text behind them, which they can, too."""
ORDERS: tuple[Order, ...] = get_args(Order)
