"""The last stage: what is wrong is not shown and not written. One rule after another, each with a
name.

A rule looks at one proposal, an answer in its place, and says whether it is to be held back. The
same rules hold for typed, prefetched, invoked and written answers; what differs is the confidence
that is asked for. Results carry the name of the rule (``SpanResult.withheld``), so clients obey and
count and have no rules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.infill.gate.deletions import was_deleted
from engine.request.messages import Deletion, Withheld
from engine.text.finishing.brackets import PROSE, leaves_brackets, would_close
from engine.text.finishing.lists import breaks_table
from engine.text.finishing.loops import loops
from engine.text.finishing.whole import breaks, is_whole
from engine.text.line_start import line_before
from engine.text.lines import repeats_neighbour
from engine.text.syntax import inside

_TEXTS = frozenset({"comment", "string"})
"""Parts of code that are prose: a line there is never finished."""
SURE = 0.5
"""From this probability on an answer may be a single letter, or go on after a finished line."""


@dataclass(frozen=True)
class Proposal:
    """An answer for ``text[start:end]``."""

    text: str
    start: int
    end: int
    answer: str
    confidence: float
    language: str | None = None
    min_confidence: float = 0.0
    deletions: Sequence[Deletion] = ()

    @property
    def inserts(self) -> bool:
        """True at a cursor, False for a blank or a selection."""
        return self.start == self.end

    @property
    def line_before(self) -> str:
        return line_before(self.text, self.start)

    @property
    def line_after(self) -> str:
        end = self.text.find("\n", self.end)
        return self.text[self.end : len(self.text) if end < 0 else end].rstrip("\r")


class Rule(NamedTuple):
    name: Withheld
    meaning: str
    """For people, after "withheld: "."""
    holds_back: Callable[[Proposal], bool]


def judge(proposal: Proposal) -> Withheld | None:
    """The first rule that holds a proposal back; ``None`` when it may be shown and written."""
    return next((rule.name for rule in RULES if rule.holds_back(proposal)), None)


def _low_confidence(proposal: Proposal) -> bool:
    return proposal.confidence < proposal.min_confidence


def _fragment(proposal: Proposal) -> bool:
    """Nothing, or a single character at a cursor that the model is not sure of."""
    seen = "".join(proposal.answer.split())
    return not seen or (proposal.inserts and len(seen) == 1 and proposal.confidence < SURE)


def _just_deleted(proposal: Proposal) -> bool:
    return was_deleted(proposal.answer, proposal.start, proposal.deletions)


def _repeats_line(proposal: Proposal) -> bool:
    """A whole line beside the span once more, unless the document itself repeats its lines
    there."""
    gap = proposal.text, proposal.start, proposal.end
    return repeats_neighbour(*gap, proposal.answer, proposal.line_before, proposal.line_after)


def _loop(proposal: Proposal) -> bool:
    return loops(proposal.line_before + proposal.answer, len(proposal.line_before), proposal.text)


def _syntax(proposal: Proposal) -> bool:
    """The document does not parse or balance with the answer, and does without it."""
    if proposal.language is None:
        return False
    gap, language = (proposal.text, proposal.start, proposal.end), proposal.language
    if language == "markdown":
        first = (proposal.line_before + proposal.answer + proposal.line_after).split("\n")[0]
        if breaks_table(first, proposal.text, proposal.start):
            return True
    if breaks(proposal.answer, *gap, language, may_open=proposal.inserts):
        return True
    plain = ("", "x", f"x{would_close(proposal.line_before, language)}")
    return leaves_brackets(proposal.answer, *gap, language) and not all(
        leaves_brackets(other, *gap, language) for other in plain
    )


def _complete(proposal: Proposal) -> bool:
    """The line is finished as it stands, and the answer is not sure enough to go on in it."""
    before, answer = proposal.line_before.rstrip(), proposal.answer
    if (
        not proposal.inserts
        or proposal.language is None
        or proposal.language in PROSE
        or proposal.confidence >= SURE
    ):
        return False
    if not before or proposal.line_after.strip() or answer[:1] == "\n":
        return False
    if inside(proposal.text, proposal.start, proposal.language, _TEXTS):
        return False
    goes_on = proposal.line_before[-1:].isspace() or not (
        re.match(r"\w", answer) and re.match(r"\w", before[-1])
    )
    return goes_on and is_whole(proposal.text, proposal.start, proposal.language)


RULES = (
    Rule("fragment", "it is no more than a letter or a mark", _fragment),
    Rule("just_deleted", "it was deleted a moment ago", _just_deleted),
    Rule("repeats_line", "it repeats the line above or below", _repeats_line),
    Rule("loop", "it says the same again and again", _loop),
    Rule("syntax", "the text would not parse or balance with it", _syntax),
    Rule("complete", "the line is finished without it", _complete),
    Rule("low_confidence", "the model is not sure enough", _low_confidence),
)
REASONS: dict[Withheld, str] = {rule.name: rule.meaning for rule in RULES} | {
    "late": "the time was over before its turn came"
}
