"""Spans of one name, where a model writes from the left: what each of them would be given becomes a
choice, and all of them together decide.

Masks of tied spans are filled at the same time, each token by the sum of its log-probabilities over
all of them. Writing from the left has no such step, so whole answers are compared instead.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from engine.backends.interface import Batch, Predictions
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.left_to_right.one_at_a_time import WritingRules, write_one_at_a_time
from engine.decoding.sampler import encode_context
from engine.decoding.stretches import RESERVED
from engine.infill.search.writing_rules import Allowed, closing, guesses
from engine.infill.window import Prompt
from engine.request.messages import Span


def proposable(prompt: Prompt, spans: Sequence[Span]) -> list[int]:
    """The first spans of names that stand more than once and ask for nothing that an answer of
    another one could break."""
    task = prompt.task
    if task.order == "together" or any(span.pins or (span.lines or 1) > 1 for span in spans):
        return []
    return [
        i
        for i in task.owners
        if task.shared(i)
        and not (spans[i].choices or spans[i].forbid or spans[i].tokens or spans[i].min_tokens > 1)
    ]


def propose(
    prompt: Prompt, spans: Sequence[Span], owners: Sequence[int]
) -> Generator[Batch, Predictions, dict[int, tuple[str, ...]]]:
    """First span of a name -> the different answers of its spans. Every span is written once, each
    behind the ones before it."""
    task, table, cache = prompt.task, prompt.table, prompt.cache_plan()
    assert isinstance(cache, CausalContext), "asked of models with causal context alone"
    canvas = prompt.canvas(spans, {})
    yield from encode_context(canvas, cache, table)
    most = [
        min(span.max_tokens + prompt.healing.slots(i), RESERVED) for i, span in enumerate(spans)
    ]
    rules = [
        WritingRules(
            allowed=Allowed(prompt, span, table, i, most[i]),
            max_tokens=most[i],
            deadline=task.deadline,
            guess=guesses(prompt, i),
            closing=closing(prompt, table, i),
        )
        for i, span in enumerate(spans)
    ]
    answers = yield from write_one_at_a_time(canvas, cache, task.model.config, rules)
    texts = [task.model.tokenizer.decode(answer.tokens) for answer in answers]
    return {
        owner: tuple(
            dict.fromkeys(
                text for j, text in enumerate(texts) if task.owner(j) == owner and text.strip(" ")
            )
        )
        for owner in owners
    }
