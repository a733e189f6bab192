"""Write spans one token at a time from the left: the autoregressive reading of weights whose
context is causal.

Every step computes one token, and more where guesses come true, over cached keys: those of the
context, of the anchor and of what was written so far, earlier spans included. It is the peer that
masks are compared with, and the better way as long as a model's masks are weaker (arXiv 2511.08923
checks drafts of masks by this reading).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.backends.interface import Batch, Context, Predictions
from engine.base.arrays import Bools, Ints
from engine.base.deadline import Deadline
from engine.causal.guesses import no_guess
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.token_sampling import choose
from engine.network.graph_io import READING
from engine.network.model_config import ModelConfig


@dataclass
class Written:
    """What became of a span."""

    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    """Of the tokens that were written; none where they were given."""
    end_log_prob: float | None = None
    """Of the end of the span, where the model came to it."""

    @property
    def likelihood(self) -> float:
        """The model's probability of just this answer; 0 where it was cut off at a limit."""
        if self.end_log_prob is None:
            return 0.0
        return math.exp(sum(self.log_probs) + self.end_log_prob)


@dataclass(frozen=True)
class WritingRules:
    """How a span is written."""

    allowed: Callable[[list[int]], Bools]
    """The tokens so far -> (V,) what may follow, the end of the span among them."""
    max_tokens: int
    given: Sequence[int] = ()
    """Tokens that are already decided: they are read, and nothing is written."""
    temperature: float = 0.0
    seed: int = 0
    deadline: Deadline = field(default_factory=Deadline)
    guess: Callable[[list[int]], list[int]] = no_guess
    """The tokens so far -> what may follow; it changes how many passes are needed, nothing else."""
    on_token: Callable[[Written], None] = field(default=lambda written: None)


def write_one_at_a_time(
    canvas: Canvas, plan: CausalContext, config: ModelConfig, rules: Sequence[WritingRules]
) -> Generator[Batch, Predictions, list[Written]]:
    """Every span's tokens up to its end and their log-probabilities, span after span; the context
    has to be encoded. ``rules`` are by group."""
    reader, answers = _Reader(*_given(canvas, plan)), list[Written]()
    end, positions = config.span_end_token_id, canvas.positions
    assert end is not None, "models with causal context have an end of a span"
    for group, rule in enumerate(rules):
        place = int(canvas.places(group)[0])
        reader.feed([int(canvas.ids[place - 1]), *rule.given], int(positions[place]) - 1)
        written, rng = Written(list(rule.given)), np.random.default_rng(rule.seed)
        most = 0 if rule.given else rule.max_tokens
        while (
            len(written.tokens) < most
            and written.end_log_prob is None
            and not rule.deadline.expired()
        ):
            tokens, log_probs = yield from _written_on(reader, written.tokens, rule, rng)
            if tokens[-1] == end:
                tokens, written.end_log_prob = tokens[:-1], log_probs.pop()
            reader.feed(tokens)
            written.tokens += tokens
            written.log_probs += log_probs
            rule.on_token(written)
        # Later spans are read behind the end of this one, as in training.
        reader.feed([end])
        answers.append(written)
    return answers


def _written_on(
    reader: _Reader, written: list[int], rule: WritingRules, rng: np.random.Generator
) -> Generator[Batch, Predictions, tuple[list[int], list[float]]]:
    """The tokens that follow ``written``, and their log-probabilities: of one pass, so one more
    than its guesses that came true. At a temperature nothing is guessed."""
    room = rule.max_tokens - len(written) - 1
    guess = [] if rule.temperature else rule.guess(written)[: max(0, room)]
    allowed = [rule.allowed([*written, *guess[:i]]) for i in range(len(guess) + 1)]
    predictions = yield reader.ask(np.stack(allowed), guess)
    reader.store(predictions)
    choice = choose(predictions, rule.temperature, rng)
    tokens = choice.tokens.tolist()
    wrong = (i for i, (token, own) in enumerate(zip(guess, tokens, strict=False)) if token != own)
    size = next(wrong, len(guess)) + 1
    return tokens[:size], choice.log_probs[:size].tolist()


@dataclass
class _Reader:
    """What has been read: keys of the context and of tokens so far, and tokens that are to come."""

    context: Context | None
    positions: Ints
    stretches: Ints
    waiting: list[tuple[int, int]] = field(default_factory=list)
    """Tokens with their positions that no pass has read yet."""
    position: int = 0
    """Of the next token."""

    def feed(self, tokens: Sequence[int], position: int | None = None) -> None:
        """Tokens to be read next, one behind the other, at ``position`` or behind the last."""
        self.position = self.position if position is None else position
        for token in tokens:
            self.waiting.append((token, self.position))
            self.position += 1

    def ask(self, allowed: Bools, guess: Sequence[int] = ()) -> Batch:
        """Read what waits and ask what follows the last of it, and each token of ``guess`` behind
        it; ``allowed`` has a row for each."""
        size, more = len(self.waiting), len(guess)
        behind = range(self.position, self.position + more)
        tokens = [*self.waiting, *zip(guess, behind, strict=True)]
        return Batch(
            input_ids=np.array([[token for token, _ in tokens]]),
            position_ids=np.array([[position for _, position in tokens]]),
            query_index=np.arange(size - 1, size + more)[None],
            allowed=allowed,
            allowed_row=np.arange(more + 1)[None],
            context=self.context,
            context_position_ids=None if self.context is None else self.positions[None],
            stretch=np.append(self.stretches, np.full(size + more, READING))[None],
            keep=np.arange(size),
        )

    def store(self, predictions: Predictions) -> None:
        """Keep the keys of what was waiting: it is read."""
        self.context = predictions.context
        self.positions = np.append(self.positions, [position for _, position in self.waiting])
        self.stretches = np.append(self.stretches, np.full(len(self.waiting), READING))
        self.waiting = []


def _given(canvas: Canvas, plan: CausalContext) -> tuple[Context | None, Ints, Ints]:
    """The cached context, its positions and stretches."""
    view = plan.view(canvas)
    if view.context is None or view.cached is None:
        return None, np.empty(0, np.int64), np.empty(0, np.int64)
    return view.context, canvas.positions[view.cached], canvas.stretches[view.cached]
