"""One fill request at work: where pins and choices go, then answers that keep every guarantee."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from engine.backends.interface import Batch, Predictions
from engine.base.arrays import Bools
from engine.base.errors import RequestRejected
from engine.decoding.cache_plan import CachePlan, HiddenSpans, make_plan
from engine.decoding.canvas import Canvas
from engine.decoding.constraints import without
from engine.decoding.length_control import Lengths, SpanLength
from engine.decoding.sampler import Denoising, Rules, denoise, encode_context
from engine.decoding.token_healing import TokenHealing, heal
from engine.decoding.transfer_rules import Threshold, parse_rule
from engine.decoding.word_boundaries import WordBoundaries
from engine.infill.calibration import Calibration
from engine.infill.choice_scoring import score_choices, slots_for
from engine.infill.initial_canvas import MAX_SLOTS, build_canvas, slots_of
from engine.infill.length_probe import DECODED, candidate_lengths, probe_lengths
from engine.infill.pins import Placement, put, search_placements
from engine.infill.readout import Answer, draft_of, read_answer, token_of
from engine.infill.refine import AGAIN, refinable, refine
from engine.network.model_config import ModelConfig
from engine.request.messages import Draft, FillRequest, Span, replaced
from engine.request.span_rules import beside, keeps, missing_pin
from engine.text.syntax import new_errors
from engine.text.tokenizer import TextTokenizer

ALTERNATIVE_TEMPERATURE = 0.7
TRIES = 12
"""Answers that may break a guarantee before the request is rejected."""


@dataclass
class FillJob:
    config: ModelConfig
    tokenizer: TextTokenizer
    request: FillRequest
    spans: list[Span]
    ties: list[int]
    """Span -> the first span of its name; empty without names."""
    pieces: list[list[int]]
    """Context before, between and after the spans."""
    allowed: Bools
    cache: str
    edges: WordBoundaries | None
    """Where words are pinned: which tokens would join them."""
    expired: Callable[[], bool]
    on_draft: Callable[[Draft], None] | None = None
    calibration: Calibration = Calibration()
    hidden: HiddenSpans = field(default_factory=HiddenSpans)
    """Its context serves every pass of the request."""
    _placements: dict[int, list[Placement]] = field(default_factory=dict)
    _choice_shares: dict[int, float] = field(default_factory=dict)
    _healing: TokenHealing = field(init=False)
    _sizes: list[dict[int, int]] = field(default_factory=lambda: [{}])
    """Places of spans whose length was probed, the likeliest lengths first."""

    def __post_init__(self) -> None:
        self._healing = heal(self.request.text, self.spans, self.pieces, self.tokenizer, self.allowed)
        self.pieces, self.allowed = self._healing.pieces, self._healing.allowed

    @property
    def greedy_answers(self) -> int:
        """How many answers are greedy: one for each length that is tried."""
        return len(self._sizes)

    def encode(self) -> Generator[Batch, Predictions, None]:
        """Only encode the context, for a request of this session that may come."""
        yield from encode_context(self._canvas(), self.hidden, self.allowed)

    def prepare(self) -> Generator[Batch, Predictions, None]:
        """Decide between choices, on lengths and on places for pins; ``RequestRejected`` when they do not fit."""
        for i, span in enumerate(self.spans):
            if not span.choices or not self._owns(i):
                continue
            options = [self.tokenizer.encode(text) for text in span.choices]
            canvas = self._canvas({i: slots_for(options)})
            scores = yield from score_choices(canvas, i, options, self._plan(), self.allowed, self._lengths(), self.expired)
            share = np.exp(np.array(scores) - max(scores))
            best = int(np.argmax(share))
            self._choose(i, span.choices[best], options[best], float(share[best] / share.sum()))
        if self.config.delete_token_id is None:
            yield from self._probe()
        for i, span in enumerate(self.spans):
            if not span.pins or not self._owns(i):
                continue
            found = yield from search_placements(
                self._canvas(self._sizes[0]), i, span.pins, self.tokenizer, self._plan(), self.allowed, self._lengths(),
                self.expired,
            )  # fmt: skip
            if not found:
                raise RequestRejected(f"The pins {', '.join(span.pins)} do not fit their span; give it more tokens.")
            self._placements[i] = found

    def _probe(self) -> Generator[Batch, Predictions, None]:
        """Find likely lengths, span by span, the others at the best one found so far."""
        best: dict[int, int] = {}
        ranked: dict[int, list[int]] = {}
        for i, span in enumerate(self.spans):
            if span.tokens is not None or not self._owns(i):
                continue
            if self.expired():
                break  # the others keep the usual number of masks
            # A pin needs its tokens and something that keeps it apart from its neighbours.
            pinned = sum(len(self.tokenizer.encode(" " + pin)) + 1 for pin in span.pins)
            most = slots_of(span, len(self.spans), MAX_SLOTS)
            sides = self._healing.borders[i].slots if i in self._healing.borders else 0
            most += sides
            least = min(most, max(span.min_tokens + sides, 2 * (span.lines or 1) - 1, pinned + bool(pinned)))
            sizes = candidate_lengths(least, most)
            tied_to = [j for j in range(len(self.spans)) if self._owner(j) == i]
            canvases = {n: self._canvas(best | dict.fromkeys(tied_to, n)) for n in sizes}
            ranked[i] = yield from probe_lengths(canvases, i, self.allowed, self._lengths(), self.calibration)
            best |= dict.fromkeys(tied_to, ranked[i][0])
        # Where words are pinned, their places are searched at one length.
        ranks = range(1 if any(span.pins for span in self.spans) else DECODED)
        tried = [{i: ranked[o][min(rank, len(ranked[o]) - 1)] for i in best for o in [self._owner(i)]} for rank in ranks]
        self._sizes = [sizes for rank, sizes in enumerate(tried) if sizes not in tried[:rank]]

    def answer(self, number: int) -> Generator[Batch, Predictions, Answer]:
        """Answer ``number``: first greedy ones, later sampled ones; ``RequestRejected`` if none keeps its promises."""
        banned: set[int] = set()
        rank, broken = 0, ""
        for _ in range(TRIES):
            canvas = self._canvas(self._sizes[number if number < len(self._sizes) else 0])
            if not self._put_pins(canvas, rank):
                break
            allowed = without(self.allowed, banned) if banned else self.allowed
            groups = [list(range(len(self.spans)))]
            plan = self._plan()
            yield from denoise(canvas, groups, plan, allowed, self._rules(number), self._lengths())
            canvas = yield from self._revisit(canvas, plan, allowed, number)
            yield from self._revise(canvas, plan, allowed, number)
            found = read_answer(canvas, self.request, self.spans, self.ties, self.tokenizer, self._healing.borders)
            found.confidences = [self._choice_shares.get(i, value) for i, value in enumerate(found.confidences)]
            broken, token = self._broken(canvas, found)
            if not broken:
                found.new_errors = self._new_errors(found)
                return found
            if self.expired():
                break
            if token is None:
                rank += 1
            else:
                banned.add(token)
        raise RequestRejected(f"No answer was found that keeps what was asked: {broken}.")

    def _revisit(
        self, canvas: Canvas, plan: CachePlan, allowed: Bools, number: int
    ) -> Generator[Batch, Predictions, Canvas]:
        """Every free span once more between the answers of the others."""

        def write(anew: Canvas, group: int) -> Denoising:
            rules = replace(self._rules(number), on_step=lambda canvas, step: None)
            return denoise(anew, [[group]], plan, allowed, rules, self._lengths())

        lengths, sizes = self._lengths(), {}
        for i in refinable(self.spans):
            least, most = lengths.spans[i].min_tokens, self.spans[i].max_tokens
            free = lengths.can_resize and not lengths.spans[i].exact
            sizes[i] = min(most, max(least, AGAIN)) if free else len(canvas.places(i))
        return (yield from refine(canvas, sizes, write, self.expired))

    def _revise(self, canvas: Canvas, plan: CachePlan, allowed: Bools, number: int) -> Generator[Batch, Predictions, None]:
        """Write doubtful tokens anew, the others and all lengths as they stand."""
        groups = np.arange(len(self.spans))
        bound = self.request.sampler.revise
        if bound and not self.expired() and len(canvas.remask(groups, float(np.log(bound)))):
            lengths = self._lengths()
            lengths.spans = [replace(length, exact=True) for length in lengths.spans]
            yield from denoise(canvas, [groups.tolist()], plan, allowed, self._rules(number), lengths)

    def _owner(self, i: int) -> int:
        """The span that decides for span ``i``: the first of its name."""
        return self.ties[i] if self.ties else i

    def _owns(self, i: int) -> bool:
        return self._owner(i) == i

    def _choose(self, chosen: int, text: str, ids: list[int], share: float) -> None:
        """From now on the span, and what is tied to it, is that text."""
        for i, span in enumerate(self.spans):
            if self._owner(i) == chosen:
                self.spans[i] = msgspec.structs.replace(span, tokens=len(ids), min_tokens=1, choices=(text,))
                self._placements[i] = [Placement(((0, tuple(ids)),), 0.0)]
                self._choice_shares[i] = share

    def _broken(self, canvas: Canvas, found: Answer) -> tuple[str, int | None]:
        """Which guarantee an answer breaks, if any, and the token to do without when that may mend it."""
        for i, (text, span) in enumerate(zip(found.texts, self.spans, strict=True)):
            for string in span.forbid:
                if string in text:
                    return f"without {string!r}", token_of(canvas, i, string, self.tokenizer)
            around = beside(self.request.text, span)
            if not keeps(text, *around, span):
                pin = missing_pin(text, *around, span)
                return (f"with the pin {pin!r}" if pin else f"of {span.lines} lines"), None
        return "", None

    def _new_errors(self, found: Answer) -> int:
        if self.request.language is None:
            return 0
        text, ranges = self.request.text, [(span.start, span.end) for span in self.spans]
        return new_errors(text, replaced(text, ranges, found.texts), ranges, self.request.language)

    def _put_pins(self, canvas: Canvas, rank: int) -> bool:
        """Write pins and choices onto the canvas; False when there is no other placement to try."""
        searched = [len(found) for i, found in self._placements.items() if i not in self._choice_shares]
        if rank and rank >= min(searched, default=0):
            return False
        for i in range(len(self.spans)):
            if found := self._placements.get(self._owner(i)):
                put(canvas, i, found[0 if i in self._choice_shares else rank])
        return True

    def _canvas(self, sizes: dict[int, int] | None = None) -> Canvas:
        usual = {i: slots_of(span, len(self.spans)) for i, span in enumerate(self.spans)} | (sizes or {})
        newline = self.tokenizer.newline_id if any(span.lines for span in self.spans) else -1
        return build_canvas(self.pieces, self.spans, list(usual.values()), self.config.mask_token_id, newline)

    def _plan(self) -> CachePlan:
        return self.hidden if self.cache == "hidden" else make_plan(self.cache)

    def _rules(self, number: int) -> Rules:
        sampler = self.request.sampler
        # What is seen again needs no care the first time.
        owners = len(set(self.ties)) or len(self.spans)
        rules = Rules(
            steps=sampler.steps or self.calibration.steps * max(1, owners - len(refinable(self.spans))),
            transfer=parse_rule(sampler.rule) if sampler.rule else Threshold(sampler.threshold),
            at_least_schedule=True,
            temperature=sampler.temperature or (ALTERNATIVE_TEMPERATURE if number >= len(self._sizes) else 0.0),
            seed=self.request.seed + number,
            expired=self.expired,
        )
        if self.on_draft is not None and number == 0:
            show, spans, borders = self.on_draft, self.spans, self._healing.borders
            rules.on_step = lambda canvas, step: show(draft_of(canvas, step, spans, self.tokenizer, borders))
        return rules

    def _lengths(self) -> Lengths:
        spans = [
            SpanLength(
                s.tokens is not None,
                s.max_tokens,
                s.single_line or s.lines is not None,
                max(s.min_tokens, self._healing.least(i)),
            )
            for i, s in enumerate(self.spans)
        ]
        return Lengths(spans, self.config.expand_token_id, self.config.delete_token_id, self.ties, self.edges, self._healing)
