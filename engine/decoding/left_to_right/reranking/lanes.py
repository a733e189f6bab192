"""Several ways to go on behind what was read, in one pass: each in a lane of its own, so that they
do not see each other (tree attention, arXiv 2305.09781).

A lane whose keys are kept goes on in later passes. What a new lane has in common with others is
read again in it: a few tokens cost less than to copy their keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools, Ints
from engine.decoding.left_to_right.reader import Reader
from engine.network.graph_io import READING


@dataclass(frozen=True)
class Lane:
    """Tokens behind what was read, and questions about them."""

    tokens: Sequence[int]
    asked: Sequence[int]
    """Where something is asked: behind how many of the tokens; 0 is what follows the reading."""
    targets: Sequence[int]
    """A token for each question whose log-probability is wanted."""
    number: int
    """From 1; lanes of one number are one lane."""
    read: int = 0
    """So many of the tokens were read in earlier passes that kept their keys."""

    def continued(self, ids: Sequence[int]) -> Lane:
        """This lane, which begins ``ids`` and whose keys were kept, goes on to the last but one of
        them; each token behind those that it asked for is asked for."""
        asked = len(self.tokens) + 1
        return Lane(ids[:-1], range(asked, len(ids)), ids[asked:], self.number, len(self.tokens))


def lanes_pass(
    reader: Reader, lanes: Sequence[Lane], allowed: Bools, *, keep: bool = False
) -> Batch:
    """Read what waits and, behind it, what is new of every lane; the same tokens ``allowed`` (V,)
    are considered everywhere. Questions behind none of a lane's tokens are asked of the last token
    that waits, those behind others of a token that is new. ``keep`` the keys of all."""
    size = len(reader.waiting)
    ids = [token for token, _ in reader.waiting]
    positions = [position for _, position in reader.waiting]
    stretches, queries = [READING] * size, list[int]()
    for lane in lanes:
        first = len(ids) - lane.read
        ids += lane.tokens[lane.read :]
        positions += range(reader.position + lane.read, reader.position + len(lane.tokens))
        stretches += [READING - lane.number] * (len(lane.tokens) - lane.read)
        queries += [first + i - 1 if i else size - 1 for i in lane.asked]
    return Batch(
        input_ids=np.array([ids]),
        position_ids=np.array([positions]),
        query_index=np.array([queries]),
        allowed=allowed[None],
        allowed_row=np.zeros((1, len(queries)), np.int64),
        target_ids=np.array([[token for lane in lanes for token in lane.targets]]),
        context=reader.context,
        context_position_ids=None if reader.context is None else reader.positions[None],
        stretch=np.append(reader.stretches, np.array(stretches))[None],
        keep=np.arange(len(ids)) if keep else None,
    )


def keep_lanes(reader: Reader, batch: Batch, predictions: Predictions) -> None:
    """``reader`` has read what waited, and the lanes of ``batch`` beside it."""
    assert batch.stretch is not None, "asked of models with causal context alone"
    reader.context = predictions.context
    reader.positions = np.append(reader.positions, batch.position_ids[0])
    reader.stretches = batch.stretch[0]
    reader.waiting = []


@dataclass(frozen=True)
class LaneAnswers:
    """Of the questions of one lane, in their order."""

    tokens: Ints  # (Q, K) by falling probability
    log_probs: NDArray[np.floating]  # (Q, K)
    targets: NDArray[np.floating]  # (Q,)


def split_lanes(lanes: Sequence[Lane], predictions: Predictions) -> list[LaneAnswers]:
    """The answers of every lane."""
    found, first = [], 0
    for lane in lanes:
        of = slice(first, first + len(lane.asked))
        found.append(
            LaneAnswers(
                predictions.token_ids[0, of],
                predictions.log_probs[0, of],
                predictions.target_log_probs[0, of],
            )
        )
        first += len(lane.asked)
    return found
