"""One training row: the context once, and several views of its spans that all read it.

    context   [snippets] [last stretch] [first stretch] [second stretch] ...   each causal by
              itself, without its anchor
    clean     anchor, true tokens, end                                         an answer read
              causally
    noisy v   anchor, slots                                                    read both ways, all
              spans together

The row of a token predicts the token behind it, so the label of a slot stands one token before it.
Wholly masked views have slots in numbers drawn independently of the true length: superfluous ones
say ``<|delete|>``; where they are too few the last one says ``<|expand|>``: more follows (after
DreamOn, arXiv 2602.01326). The other views are complementary pairs: what one masks the other shows
(Fast-dLLM v2, arXiv 2509.26328).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from engine.decoding.stretches import stretch_starts
from engine.network.model_config import ModelConfig
from training.adaptation.config import RowConfig
from training.adaptation.spans import Cut
from training.examples.visibility import CLEAN, NOISY


@dataclass
class Row:
    """Token by token; ``masked`` and ``causal`` are the weights of a token's label in the two
    losses, mostly zero."""

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    masked: list[float] = field(default_factory=list)
    causal: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def views(self) -> int:
        """Tokens of all views together."""
        return sum(segment <= CLEAN for segment in self.segments)

    def add(
        self,
        token: int,
        position: int,
        segment: int,
        target: int = 0,
        masked: float = 0.0,
        causal: float = 0.0,
    ) -> None:
        """Append one token."""
        self.ids.append(token)
        self.positions.append(position)
        self.segments.append(segment)
        self.targets.append(target)
        self.masked.append(masked)
        self.causal.append(causal)


@dataclass(frozen=True)
class Slots:
    """What stands in the slots of one span in one view, and their labels; ``weights`` are zero
    where nothing is asked."""

    ids: list[int]
    labels: list[int]
    weights: list[float]


def make_row(
    cut: Cut,
    front: Sequence[Sequence[int]],
    model: ModelConfig,
    config: RowConfig,
    rng: np.random.Generator,
) -> Row:
    """One row; ``front`` are snippets' token ids, each a stretch of its own.

    Noisy views are added while the row has room for them. The context and the clean views may be
    too long by themselves: such a row is to be left out (``fits``).
    """
    snippets = [begun(ids, False, model, config) for ids in front]
    stretches = [
        begun(ids, i == 0 and cut.at_beginning, model, config)
        for i, ids in enumerate(fitted(cut, front, config))
    ]
    starts, spans = stretch_starts(
        [len(s) for s in stretches], [1] * len(cut.spans), [len(s) for s in snippets]
    )
    # In the order of the row: snippets, the last stretch, the others.
    order = [*zip(snippets, starts, strict=False), (stretches[-1], starts[-1])]
    order += zip(stretches[:-1], starts[len(snippets) : -1], strict=True)
    row = Row()
    if not config.train_context:
        config = msgspec.structs.replace(config, p_context_labels=0.0)
    for number, (ids, start) in enumerate(order, 1):
        anchored = number > len(snippets) + 1
        segment = 1 if config.one_order and number > len(snippets) else number
        _add_stretch(row, ids, start, segment, anchored, config, rng)
    anchors = [(ids[-1], start - 1) for ids, start in zip(stretches[:-1], spans, strict=True)]
    assert model.span_end_token_id is not None
    for (anchor, position), span in zip(anchors, cut.spans, strict=True):
        for i, token in enumerate([anchor, *span]):
            row.add(token, position + i, CLEAN, [*span, model.span_end_token_id][i], causal=1.0)
        row.add(model.span_end_token_id, position + len(span) + 1, CLEAN)
    if config.canvas:
        _add_noisy_views(row, anchors, cut.spans, model, config, rng)
    return row


def fits(row: Row, config: RowConfig) -> bool:
    """Whether a row and its views are short enough."""
    context_fits = config.train_context or len(row) - row.views <= config.context
    return len(row) <= config.length and row.views <= config.views and context_fits


def begun(
    ids: Sequence[int], at_beginning: bool, model: ModelConfig, config: RowConfig
) -> list[int]:
    """A stretch with its start token."""
    first = model.start_token_id if at_beginning else model.gap_token_id
    assert first is not None
    return [first, *ids] if config.start_tokens or not ids else list(ids)


def fitted(cut: Cut, front: Sequence[Sequence[int]], config: RowConfig) -> list[list[int]]:
    """The stretches, the first cut at its front and the last at its end, until all fit
    ``config.context``."""
    stretches = [list(ids) for ids in cut.stretches]
    surplus = (
        sum(map(len, stretches))
        + sum(map(len, front))
        + len(stretches)
        + len(front)
        - config.context
    )
    if surplus > 0:
        first, last = len(stretches[0]), len(stretches[-1])
        off_front = min(first, surplus * first // max(1, first + last))
        stretches[0] = stretches[0][off_front:]
        stretches[-1] = stretches[-1][: max(0, last - (surplus - off_front))]
    return stretches


def _add_stretch(
    row: Row,
    ids: Sequence[int],
    start: int,
    segment: int,
    anchored: bool,
    config: RowConfig,
    rng: np.random.Generator,
) -> None:
    """Add a stretch; the anchor is left to the views, but is the label of the token before it."""
    for i, token in enumerate(ids[:-1] if anchored else ids):
        labelled = i + 1 < len(ids) and rng.random() < config.p_context_labels
        row.add(token, start + i, segment, ids[i + 1] if labelled else 0, causal=float(labelled))


def _add_noisy_views(
    row: Row,
    anchors: Sequence[tuple[int, int]],
    spans: Sequence[Sequence[int]],
    model: ModelConfig,
    config: RowConfig,
    rng: np.random.Generator,
) -> None:
    """Add views while the row has room: wholly masked ones and complementary pairs in turn."""
    number = 0
    room = min(config.length - len(row), config.views - row.views)
    while number < config.noisy_views:
        if number % 4 in (1, 2) and number + 2 <= config.noisy_views:
            views = _pair(spans, model, config, rng)
        else:
            views = [wholly_masked(spans, model, config, rng)]
        room -= sum(1 + len(slots.ids) for view in views for slots in view)
        if room < 0:
            return
        for view in views:
            for (anchor, position), slots in zip(anchors, view, strict=True):
                # The label of a slot stands at the token before it.
                labels, weights = [*slots.labels, 0], [*slots.weights, 0.0]
                for i, token in enumerate([anchor, *slots.ids]):
                    row.add(token, position + i, NOISY - number, labels[i], masked=weights[i])
            number += 1


def wholly_masked(
    spans: Sequence[Sequence[int]], model: ModelConfig, config: RowConfig, rng: np.random.Generator
) -> list[Slots]:
    """One view of all spans in which everything is masked."""
    most = max(min(config.slots), 96 // len(spans))
    sizes = [size for size in config.slots if size <= most]
    view = []
    for span in spans:
        size = sizes[int(rng.integers(len(sizes)))]
        view.append(masked_slots(span, size, np.ones(min(len(span), size), bool), model))
    return view


def masked_slots(span: Sequence[int], size: int, masked: np.ndarray, model: ModelConfig) -> Slots:
    """``size`` slots for a span; ``masked`` says which of its tokens are hidden. What is
    superfluous is masked, too."""
    mask, delete, expand = model.mask_token_id, model.delete_token_id, model.expand_token_id
    assert delete is not None and expand is not None
    if size < len(span):
        labels = [*span[: size - 1], expand]
        return Slots([mask] * size, labels, [1.0] * size)
    surplus = size - len(span)
    ids = [mask if hidden else token for token, hidden in zip(span, masked, strict=True)]
    # All superfluous slots of a span weigh as one token.
    weights = [*masked.astype(float).tolist(), *[1.0 / max(1, surplus)] * surplus]
    return Slots([*ids, *[mask] * surplus], [*span, *[delete] * surplus], weights)


def _pair(
    spans: Sequence[Sequence[int]], model: ModelConfig, config: RowConfig, rng: np.random.Generator
) -> list[list[Slots]]:
    """Two views of all spans: what one masks the other shows."""
    rate = float(rng.random())
    first, second = [], []
    for span in spans:
        slope = (
            config.later_bias * np.linspace(-1.0, 1.0, len(span)) if len(span) > 1 else np.zeros(1)
        )
        masked = rng.random(len(span)) < np.clip(rate + slope, 0.0, 1.0)
        surplus = int(rng.integers(1, config.surplus + 1)) if rng.random() < config.p_surplus else 0
        size = min(len(span) + surplus, max(config.slots))
        first.append(masked_slots(span, size, masked, model))
        second.append(masked_slots(span, size, ~masked, model))
    return [first, second]
