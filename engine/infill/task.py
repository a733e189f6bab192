"""The first stage of a fill: what is asked becomes a task that can be done, or is rejected with the
reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engine.base.deadline import Clock, Deadline
from engine.base.errors import RequestRejected
from engine.base.orders import Order
from engine.decoding.caching.context_store import ContextStore
from engine.decoding.constraints import ConstraintTable
from engine.decoding.transfer_rules import Threshold, TransferRule
from engine.decoding.word_boundaries import WordBoundaries
from engine.network.calibration import Calibration
from engine.network.model_config import ModelConfig
from engine.request.messages import Draft, FillRequest, SamplerOptions, Span
from engine.request.span_rules import checked_spans, tied
from engine.text.tokenizer import TextTokenizer

OnDraft = Callable[[Draft], None]


def threshold_rule(options: SamplerOptions) -> TransferRule:
    """The rule of the product."""
    return Threshold(options.threshold)


@dataclass(frozen=True)
class InfillModel:
    """What every fill of one model shares."""

    config: ModelConfig
    tokenizer: TextTokenizer
    table: ConstraintTable
    name: str
    backend: str
    calibration: Calibration = Calibration()
    contexts: ContextStore = field(default_factory=ContextStore)
    clock: Clock = time.monotonic
    transfer: Callable[[SamplerOptions], TransferRule] = threshold_rule
    """Which predictions are final; research puts its own rule here
    (``benchmarks/fitting/published_rules.py``)."""

    def order(self, sampler: SamplerOptions) -> Order:
        """How spans are to be written, where what they ask for allows it: as asked, or as was
        measured to be best."""
        if self.config.context_attention != "causal" or sampler.cache == "none":
            return "together"
        return self.calibration.order if sampler.order == "auto" else sampler.order

    @cached_property
    def boundaries(self) -> WordBoundaries:
        """Which tokens would join a pinned word."""
        return WordBoundaries.of(self.tokenizer, self.config.embedding_rows)


@dataclass(frozen=True)
class UncheckedFill:
    """A request as it came."""

    model: InfillModel
    request: FillRequest
    deadline: Deadline
    on_draft: OnDraft | None = None


@dataclass(frozen=True)
class FillTask:
    """A request that can be done: its spans are sorted, disjoint and possible, those of one name
    alike."""

    model: InfillModel
    request: FillRequest
    spans: tuple[Span, ...]
    ties: tuple[int, ...]
    """Span -> the first span of its name; empty when no name stands twice."""
    cache: str
    """``none``, ``dual``, ``hidden`` or ``causal``."""
    deadline: Deadline
    on_draft: OnDraft | None = None
    guesses: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Span -> texts that it may get, the likeliest first, with their probability: where they come
    true, passes are saved."""

    def owner(self, i: int) -> int:
        """The span that decides for span ``i``: the first of its name."""
        return self.ties[i] if self.ties else i

    def shared(self, i: int) -> bool:
        """Whether other spans have the text of span ``i``."""
        return self.ties.count(self.owner(i)) > 1

    @property
    def order(self) -> Order:
        """How its spans are to be written, where what they ask for allows it."""
        return self.model.order(self.request.sampler)

    @property
    def owners(self) -> list[int]:
        """The spans that are decided on."""
        return [i for i in range(len(self.spans)) if self.owner(i) == i]


def validate(unchecked: UncheckedFill) -> FillTask:
    """The task; ``RequestRejected`` says what does not fit."""
    spans, ties = tied(checked_spans(unchecked.request, unchecked.model.config))
    cache = _cache(unchecked.request, unchecked.model.config)
    if unchecked.request.sampler.order not in ("auto", "together") and cache != "causal":
        raise RequestRejected(
            "Only models with causal context write from the left; leave the order out."
        )
    return FillTask(
        model=unchecked.model,
        request=unchecked.request,
        spans=tuple(spans),
        ties=tuple(ties),
        cache=cache,
        deadline=unchecked.deadline,
        on_draft=unchecked.on_draft,
    )


def _cache(request: FillRequest, config: ModelConfig) -> str:
    cache = request.sampler.cache
    if config.context_attention == "causal":
        if cache not in ("auto", "none"):
            raise RequestRejected(
                f"This model has an exact cache of its own, so cache {cache!r} means nothing; "
                "choose auto."
            )
        return "causal" if cache == "auto" else "none"
    if cache == "auto":
        return "hidden" if config.context_hidden_from_span else "dual"
    if cache == "hidden" and not config.context_hidden_from_span:
        raise RequestRejected(
            "This model was not trained for cache 'hidden'; choose auto, dual or none."
        )
    return cache
