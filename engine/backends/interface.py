"""The interface between the sampler and what runs the mask predictor.

Small numpy arrays cross it; cached keys and values do not: a ``Context`` is an opaque handle of its
backend. Keys are cached before rotation, so their positions are an input of every pass and a canvas
may grow or shrink freely.

Shapes: B rows, S active tokens, P cached tokens, Q queried rows, K candidates, A constraints, V
vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engine.base.arrays import Bools, Floats, Ints

ALL_ROWS = slice(None)


class Context(Protocol):
    """Cached keys and values of tokens that are not active; never changed, only extended into a new
    one."""

    @property
    def length(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def take(self, tokens: Ints, rows: slice = ALL_ROWS) -> Context:
        """Some of the tokens, in the given order, of some of the rows."""
        ...


@dataclass
class Batch:
    """One pass of the mask predictor."""

    input_ids: Ints  # (B, S)
    position_ids: Ints  # (B, S)
    query_index: Ints  # (B, Q) which active tokens to predict
    allowed: Bools  # (A, V) constraints; probabilities are normalised over what is allowed
    allowed_row: Ints  # (B, Q) the constraint of each query
    target_ids: Ints | None = None  # (B, Q) tokens whose log-probability is asked for
    key_mask: Bools | None = None  # (B, P + S), None when every key exists
    context: Context | None = None
    context_position_ids: Ints | None = None  # (B, P)
    stretch: Ints | None = None  # (B, P + S) of every key; only for models whose context is causal
    tie: Floats | None = (
        None  # (B, Q, Q) rows sum the log-probabilities of tied queries; None is the identity
    )
    keep: Ints | None = None  # active tokens to append to the context of the answer
    full: bool = False  # also return the logits; a backend that cannot refuses by name


@dataclass
class Predictions:
    token_ids: Ints  # (B, Q, K) by falling probability
    log_probs: Floats  # (B, Q, K) exact
    target_log_probs: Floats  # (B, Q)
    entropy: Floats  # (B, Q) nats
    context: Context | None = None  # the batch's context and what it said to keep
    logits: Floats | None = field(default=None, repr=False)  # (B, Q, V), only when asked for


class Backend(Protocol):
    """Runs the mask predictor of one model folder.

    A row's predictions do not depend on the rows beside it, so requests may share a pass.
    """

    name: str
    shared_tokens: int
    """Active tokens, padding included, up to which requests are better off in one pass than in
    several."""

    def predict(self, batch: Batch) -> Predictions:
        """Run one pass; raises ``EngineError`` only."""
        ...

    def join(self, contexts: Sequence[Context]) -> Context:
        """The rows of several contexts one below the other; shorter ones are filled up at the right
        with anything."""
        ...

    def interrupt(self) -> None:
        """Ask a pass that runs in another thread to end early, where the runtime can."""
        ...

    def release(self) -> None:
        """Give back memory that many requests at once needed; called between passes, when there is
        nothing to do."""
        ...


SHARED_ON_CPU, SHARED_ON_GPU = 512, 8_192
"""Of the backends: eight contexts of 500 tokens took 29 % longer in one pass of a CPU than one
after another, because what lies between two layers leaves the cores' caches; a GPU is not full
before some thousands."""


def identity_tie(rows: int, queries: int) -> Floats:
    return np.broadcast_to(np.eye(queries, dtype=np.float32), (rows, queries, queries))
