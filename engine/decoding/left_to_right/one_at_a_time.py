"""Write spans one token at a time from the left: the autoregressive reading of weights whose
context is causal.

Every pass computes one token, and more where guesses come true, over cached keys: those of the
context, of the anchor and of what was written so far, earlier spans included. It is the peer that
masks are compared with, and the better way as long as a model's masks are weaker (arXiv 2511.08923
checks drafts of masks by this reading).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.base.deadline import Deadline
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.canvas import Canvas
from engine.decoding.left_to_right.closing import Closed, best_of
from engine.decoding.left_to_right.guesses import no_guess
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.written import Written
from engine.decoding.token_sampling import choose
from engine.network.model_config import ModelConfig


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
    closing: Callable[[list[int]], Bools | None] | None = None
    """The tokens so far -> (V,) what ends the answer with the half word behind it, where that was
    taken back; ``None``: no token does."""
    on_token: Callable[[Written], None] = field(default=lambda written: None)


def write_one_at_a_time(
    canvas: Canvas, plan: CausalContext, config: ModelConfig, rules: Sequence[WritingRules]
) -> Generator[Batch, Predictions, list[Written]]:
    """Every span's tokens up to its end and their log-probabilities, span after span; the context
    has to be encoded. ``rules`` are by group."""
    reader, answers = Reader.of(canvas, plan), list[Written]()
    assert config.span_end_token_id is not None, "models with causal context have an end of a span"
    for group, rule in enumerate(rules):
        reader.feed_anchor(canvas, group)
        answer, reader = yield from _Writing(rule, config.span_end_token_id, reader).written()
        answers.append(answer)
    return answers


@dataclass
class _Writing:
    """One span at work."""

    rule: WritingRules
    end: int
    reader: Reader
    """Stands before the span at first."""
    answer: Written = field(default_factory=Written)
    closed: list[Closed] = field(default_factory=list)

    def written(self) -> Generator[Batch, Predictions, tuple[Written, Reader]]:
        """The answer, and a reader that reads it with its end, as in training."""
        before = self.reader.copy()
        if self.rule.given:
            self.answer.tokens = [*self.rule.given]
            self.reader.feed(self.answer.tokens)
        else:
            yield from self._write()
        answer, reader = self.answer, self.reader
        if self.closed:
            answer = yield from best_of(self.closed, answer, self.rule.allowed, self.end, before)
            if answer is not self.answer:
                reader = before
                reader.feed(answer.tokens)
        reader.feed([self.end])
        return answer, reader

    def _write(self) -> Generator[Batch, Predictions, None]:
        rng = np.random.default_rng(self.rule.seed)
        while not self._done() and not self.rule.deadline.expired():
            tokens, log_probs = yield from self._write_on(rng)
            if tokens[-1] == self.end:
                tokens, self.answer.end_log_prob = tokens[:-1], log_probs.pop()
            self.reader.feed(tokens)
            self.answer.tokens += tokens
            self.answer.log_probs += log_probs
            self.rule.on_token(self.answer)

    def _done(self) -> bool:
        """Whether the answer ended or is long enough."""
        answer = self.answer
        return (
            len(answer.tokens) >= self.rule.max_tokens
            or answer.end_log_prob is not None
            or self._surpassed(sum(answer.log_probs))
        )

    def _surpassed(self, log_prob: float) -> bool:
        """Whether nothing that begins as an answer of this probability can be likelier than what is
        closed."""
        return any(closed.log_prob >= log_prob for closed in self.closed)

    def _write_on(
        self, rng: np.random.Generator
    ) -> Generator[Batch, Predictions, tuple[list[int], list[float]]]:
        """The tokens that follow, and their log-probabilities: of one pass, so one more than its
        guesses that came true. At a temperature nothing is guessed."""
        so_far, rule = self.answer.tokens, self.rule
        room = max(0, rule.max_tokens - len(so_far) - 1)
        guess = [] if rule.temperature else rule.guess(so_far)[:room]
        begun = [[*so_far, *guess[:i]] for i in range(len(guess) + 1)]
        queries = [(i, rule.allowed(tokens)) for i, tokens in enumerate(begun)]
        closing = rule.closing or (lambda tokens: None)
        ends = [(i, row) for i, tokens in enumerate(begun) if (row := closing(tokens)) is not None]
        predictions = yield self.reader.ask([*queries, *ends], guess)
        self.reader.store(predictions)
        choice = choose(predictions, rule.temperature, rng)
        tokens, log_probs = choice.tokens.tolist(), choice.log_probs.tolist()
        at_once = {i: len(queries) + number for number, (i, _) in enumerate(ends)}
        total = sum(self.answer.log_probs)
        for i in range(len(queries)):
            if i in at_once:
                last = at_once[i]
                self._close([*begun[i], tokens[last]], total + log_probs[last])
            total += log_probs[i]
            if i == len(guess) or tokens[i] != guess[i] or self._surpassed(total):
                break
        return tokens[: i + 1], log_probs[: i + 1]

    def _close(self, tokens: list[int], log_prob: float) -> None:
        """Remember an answer that may end where it does."""
        if self.rule.allowed(tokens)[self.end]:
            self.closed.append(Closed((*tokens,), log_prob))
