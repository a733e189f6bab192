"""Beam search from what stands before a span: beginnings of answers, the likeliest first, and how
well what stands behind would follow each.

Every step reads all beams in one pass, each in a lane of its own. The likelier of two beams that
were one goes on in its lane; the other is read again in a new one.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from engine.backends.interface import Batch, Predictions
from engine.decoding.left_to_right.reader import Reader
from engine.decoding.left_to_right.reranking.beam import Beam, BeamRules
from engine.decoding.left_to_right.reranking.lanes import Lane, keep_lanes, lanes_pass, split_lanes


def search_beams(reader: Reader, rules: BeamRules) -> Generator[Batch, Predictions, list[Beam]]:
    """All beams that were followed, and what ended some of them, or beginnings where there was no
    time for more; the last token of what was read waits in ``reader``."""
    live, found = [Beam((), 0.0)], list[Beam]()
    reader, tree = reader.copy(), _Tree(rules.behind)
    for step in range(rules.max_tokens + 1):
        lanes = [tree.lane(beam.tokens) for beam in live]
        allowed = rules.text if step else rules.first
        batch = lanes_pass(reader, lanes, allowed, keep=True)
        predictions = yield batch
        keep_lanes(reader, batch, predictions)
        answers = split_lanes(lanes, predictions)
        children: list[Beam] = []
        for beam, answer in zip(live, answers, strict=True):
            if step:
                found.append(Beam(beam.tokens, beam.log_prob, float(answer.targets[0])))
            children += [
                Beam((*beam.tokens, int(token)), beam.log_prob + float(log_prob))
                for token, log_prob in zip(answer.tokens[0], answer.log_probs[0], strict=True)
                if allowed[token]
            ]
        children.sort(key=lambda beam: -beam.log_prob)
        live = []
        for beam in children[: rules.width]:
            if rules.arrived(beam):
                found.append(replace(beam, follows=0.0))
            elif rules.inside[beam.tokens[-1]]:
                live.append(beam)
        least = max((beam.as_answer for beam in found), default=float("-inf")) - rules.margin
        live = [beam for beam in live if beam.log_prob > least]
        if not live or rules.deadline.expired():
            break
        rules.on_step(live[0])
    return found or live


@dataclass
class _Tree:
    """Which beams go on in which lanes."""

    behind: int
    lanes: int = 0
    """So many were begun."""
    held: dict[tuple[int, ...], int] = field(default_factory=dict)
    """Tokens of a beam that was read and not followed yet -> its lane."""

    def lane(self, tokens: tuple[int, ...]) -> Lane:
        """Where a beam is read, and asked what follows it."""
        number, read = self.held.pop(tokens[:-1], None), len(tokens) - 1
        if number is None:
            self.lanes += 1
            number, read = self.lanes, 0
        self.held[tokens] = number
        return Lane(tokens, (len(tokens),), (self.behind,), number, read)
