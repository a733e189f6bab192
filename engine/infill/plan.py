"""The fourth stage: decide between choices, find likely lengths, and find places for pins."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.errors import RequestRejected
from engine.decoding.caching.causal_context import CausalContext
from engine.decoding.token_healing import Border
from engine.infill.search.choice_scoring import read_choices, score_choices, slots_for
from engine.infill.search.initial_canvas import MAX_SLOTS, slots_of
from engine.infill.search.length_probe import DECODED, candidate_lengths, probe_lengths
from engine.infill.search.pins import Arrangement, pin_forms, search_arrangements
from engine.infill.search.tied_candidates import proposable, propose
from engine.infill.values import Chosen, Plan
from engine.infill.window import Prompt
from engine.request.messages import Span

Passes = Generator[Batch, Predictions, None]


def plan(prompt: Prompt) -> Generator[Batch, Predictions, Plan]:
    """Yields passes where something has to be searched for; ``RequestRejected`` when pins do not
    fit."""
    planner = _Planner(prompt, list(prompt.task.spans))
    yield from planner.propose()
    yield from planner.choose()
    if prompt.task.model.config.delete_token_id is None:
        yield from planner.probe()
    yield from planner.arrange_pins()
    sizes = tuple(planner.sizes)
    return Plan(prompt, tuple(planner.spans), sizes, planner.arrangements, planner.chosen)


@dataclass
class _Planner:
    prompt: Prompt
    spans: list[Span]
    sizes: list[dict[int, int]] = field(default_factory=lambda: [{}])
    arrangements: dict[int, list[Arrangement]] = field(default_factory=dict)
    chosen: dict[int, Chosen] = field(default_factory=dict)

    def propose(self) -> Passes:
        """Give spans of one name choices, where they are written from the left."""
        owners = proposable(self.prompt, self.spans)
        if owners:
            found = yield from propose(self.prompt, self.spans, owners)
            for i, choices in found.items():
                for j in self._tied_to(i):
                    self.spans[j] = msgspec.structs.replace(self.spans[j], choices=choices)

    def choose(self) -> Passes:
        """Decide between the choices of every span that has some."""
        prompt, task = self.prompt, self.prompt.task
        for i in task.owners:
            if not (span := self.spans[i]).choices:
                continue
            border = prompt.healing.borders.get(i, Border())
            options = [task.model.tokenizer.encode(border.before + text) for text in span.choices]
            scores = yield from self._scores(i, options)
            share = np.exp(np.array(scores) - max(scores))
            best = int(np.argmax(share))
            for j in self._tied_to(i):
                chosen = (span.choices[best],)
                self.spans[j] = msgspec.structs.replace(
                    self.spans[j], tokens=len(options[best]), min_tokens=1, choices=chosen
                )
                self.chosen[j] = Chosen(tuple(options[best]), float(share[best] / share.sum()))

    def _scores(
        self, i: int, options: Sequence[Sequence[int]]
    ) -> Generator[Batch, Predictions, list[float]]:
        """How likely each of ``options`` is in span ``i``."""
        prompt, task = self.prompt, self.prompt.task
        cache = prompt.cache_plan()
        if not isinstance(cache, CausalContext):
            canvas = prompt.canvas(self.spans, {i: slots_for(options)})
            lengths = prompt.lengths(self.spans)
            return (
                yield from score_choices(
                    canvas, i, options, cache, prompt.table, lengths, task.deadline
                )
            )
        tied = self._tied_to(i)
        canvases = []
        for ids in options:
            canvas = prompt.canvas(self.spans, dict.fromkeys(tied, len(ids)))
            for j in tied:
                canvas.ids[canvas.places(j)] = ids
            canvases.append(canvas)
        return (
            yield from read_choices(
                canvases, tied, cache, prompt.table, task.model.config, task.deadline
            )
        )

    def probe(self) -> Passes:
        """Find likely lengths, span by span, the others at the best one found so far."""
        prompt, task = self.prompt, self.prompt.task
        best: dict[int, int] = {}
        ranked: dict[int, list[int]] = {}
        for i in task.owners:
            if self.spans[i].tokens is not None:
                continue
            if task.deadline.expired():
                break  # the others keep the usual number of masks
            tied_to = self._tied_to(i)
            canvases = {
                n: prompt.canvas(self.spans, best | dict.fromkeys(tied_to, n))
                for n in self._candidate_lengths(i)
            }
            lengths = prompt.lengths(self.spans)
            ranked[i] = yield from probe_lengths(
                canvases, i, prompt.table, lengths, task.model.calibration
            )
            best |= dict.fromkeys(tied_to, ranked[i][0])
        # Where words are pinned, their places are searched at one length.
        ranks = range(1 if any(span.pins for span in self.spans) else DECODED)
        tried = [
            {i: ranked[o][min(rank, len(ranked[o]) - 1)] for i in best for o in [task.owner(i)]}
            for rank in ranks
        ]
        self.sizes = [sizes for rank, sizes in enumerate(tried) if sizes not in tried[:rank]]

    def arrange_pins(self) -> Passes:
        """Search places for the pins of every span that has some."""
        prompt, task = self.prompt, self.prompt.task
        for i in task.owners:
            if not (span := self.spans[i]).pins:
                continue
            canvas, lengths = prompt.canvas(self.spans, self.sizes[0]), prompt.lengths(self.spans)
            found = yield from search_arrangements(
                canvas,
                i,
                pin_forms(span.pins, task.model.tokenizer),
                prompt.cache_plan(),
                prompt.table,
                lengths,
                task.deadline,
            )
            if not found:
                raise RequestRejected(
                    f"The pins {', '.join(span.pins)} do not fit their span; give it more tokens."
                )
            for j in self._tied_to(i):
                self.arrangements[j] = found

    def _candidate_lengths(self, i: int) -> list[int]:
        """The lengths worth a look for span ``i``."""
        span, sides = self.spans[i], self.prompt.healing.slots(i)
        # A pin needs its tokens and something that keeps it apart from its neighbours.
        pinned = sum(
            len(self.prompt.task.model.tokenizer.encode(" " + pin)) + 1 for pin in span.pins
        )
        most = slots_of(span, len(self.spans), MAX_SLOTS) + sides
        least = max(span.min_tokens + sides, 2 * (span.lines or 1) - 1, pinned + bool(pinned))
        return candidate_lengths(min(most, least), most)

    def _tied_to(self, i: int) -> list[int]:
        """Span ``i`` and those that have its text."""
        return [j for j in range(len(self.spans)) if self.prompt.task.owner(j) == i]
