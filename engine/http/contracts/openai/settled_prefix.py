"""Streaming for clients that read from left to right: the part of a draft that stands, beginning at
the left.

Denoising fixes tokens in any order; a client that appends what it gets can be sent only the settled
beginning, and nothing can be taken back. What was sent is a promise: where another answer is better
in the end (a copy, a repair), the answer that was begun is finished all the same. So an answer that
is there soon is sent whole, and only slow ones in pieces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.http.contracts.stops import cut_at_indentation, cut_at_stop, may_begin_stop
from engine.infill.gate.rules import SURE, Proposal, judge
from engine.request.messages import DraftSpan, FillRequest
from engine.text.finishing.postprocess import finish
from engine.text.lines import bare, filled_lines, neighbours


class SettledPrefix:
    """One answer on its way; every method returns what to append."""

    def __init__(
        self,
        request: FillRequest,
        stop: Sequence[str],
        after_s: float,
        least_indent: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``request`` has one span. Pieces are sent when it has taken ``after_s``.

        The answer ends at a line that is indented less than ``least_indent``.
        """
        self._request, self._stop, self._least_indent = request, stop, least_indent
        self._clock, self._begins = clock, clock() + after_s
        self._settled = ""
        self.sent = ""
        self.stopped = ""
        """The stop string that was met."""

    def draft(self, span: DraftSpan) -> str:
        """What ``span`` settles beyond what was sent; nothing while the whole answer may still come
        in time."""
        if self.stopped:
            return ""
        tokens: list[str] = []
        for token in span.tokens:
            if token.confidence is None:
                break
            tokens.append(token.text)
        settled = "".join(tokens)
        if settled.startswith(self.sent) or self._finished(settled).startswith(self.sent):
            self._settled = settled
        if self._clock() < self._begins:
            return ""
        # The last token waits: an ending may still be trimmed, an indentation or a repeated
        # beginning fall away.
        known = self._finished("".join(tokens[:-1]))
        text, word = cut_at_stop(known, self._stop)
        waits = len(known) - may_begin_stop(known, self._stop)
        if waits < len(text) or not word:  # a stop string may begin before the one that is met
            text, word = known[:waits], ""
        if not text.startswith(self.sent) or not (word or text.strip()):
            return ""
        if not self.sent and self._may_be_withheld(text):
            return ""
        self.stopped = word
        return self._send(text)

    def final(self, text: str) -> str:
        """The rest of the answer; ``text`` is the engine's."""
        if self.stopped:
            return ""
        for answer in (text, self._finished(self._settled), self._settled):
            answer = cut_at_indentation(answer, self._least_indent)
            if answer.startswith(self.sent):
                answer, self.stopped = cut_at_stop(answer, self._stop)
                return self._send(answer) if answer.startswith(self.sent) else ""
        return ""

    def _may_be_withheld(self, text: str) -> bool:
        """True while what is settled looks like a line beside the span, or like a loop: the gate
        may hold the whole of it back, and what was sent cannot be taken back."""
        [span] = self._request.spans
        gap = self._request.text, span.start, span.end
        proposal = Proposal(*gap, text, SURE)
        *_, last = ["", *filled_lines(proposal.line_before, text, "")]
        beside = [line for side in neighbours(*gap, last) for line in side]
        if last and any(line.startswith(bare(last)) for line in beside):
            return True
        return judge(proposal) in ("repeats_line", "loop")

    def _send(self, text: str) -> str:
        delta, self.sent = text[len(self.sent) :], text
        return delta

    def _finished(self, text: str) -> str:
        [span] = self._request.spans
        finished = finish(text, self._request.text, span.start, span.end) if text else text
        return cut_at_indentation(finished, self._least_indent)
