"""Pieces of answers, before they take the form of a contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Delta:
    """The next piece of answer ``index``; the last one says why it ends."""

    index: int
    text: str
    finish: FinishReason | None = None
    tokens: int = 0
    """Of the whole answer, where it ends."""


class Answered(NamedTuple):
    """A whole answer."""

    text: str
    finish: FinishReason
    tokens: int
