"""Completions that editors ask for while somebody types pass the engine's gate: showing nothing is
better than a repeated line, a loop or what does not parse. Clients show nothing when the answer is
empty.

Answers are judged at any confidence, since these contracts have no name for one.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.http.metrics import Metrics
from engine.infill.gate.rules import Proposal, judge
from engine.request.messages import FillRequest, FillResult

LEAST_CONFIDENCE = 0.0
"""What such a request asks the gate for: every rule but that of confidence."""


def shown(
    found: FillResult,
    request: FillRequest,
    metrics: Metrics,
    kind: str,
    cut: Callable[[str], str],
    begun: bool = False,
) -> list[str]:
    """The answer and its alternatives; one empty text where the gate held all of them back.

    ``cut`` ends a text where the client wants no more: what is wrong behind that does not count.
    An answer of which a part was sent already (``begun``) is finished.
    """
    [span] = found.spans
    if span.withheld is None or begun:
        return [span.text, *span.alternatives]
    kept = cut(span.text)
    if kept != span.text and kept.strip():
        gap = request.text, span.start, span.end
        if judge(Proposal(*gap, kept, span.confidence, request.language)) is None:
            return [span.text]  # the caller cuts it once more, and says where it stopped
    metrics.withheld.labels(kind, span.withheld).inc()
    return [""]
