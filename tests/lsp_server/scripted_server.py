"""The language server on stdio with an engine that gives the answers it was started with, in the
order of the spans, or that never answers (``<never>``). Where a fill is judged, ``<syntax>f(`` is
the guess ``f(`` that is withheld for its syntax.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from typing import Any

from engine import (
    REASONS,
    BeforeRequest,
    Draft,
    EngineError,
    FillRequest,
    FillResult,
    RewriteRequest,
    ScoreResult,
    SpanResult,
)
from engine.http.client.address import EngineAddress
from engine.request.messages import apply_spans
from lsp_server.engine_client.interface import EngineClient
from lsp_server.serve import run_stdio
from lsp_server.server import make_server
from lsp_server.transport.stdio import open_streams

SCRIPTED_REASON = re.compile(f"<({'|'.join(REASONS)})>")


def _span(start: int, end: int, answer: str, judged: bool) -> SpanResult:
    found = SCRIPTED_REASON.match(answer)
    text = answer[found.end() :] if found else answer
    withheld: Any = found[1] if found and judged else None
    return SpanResult(
        start=start,
        end=end,
        text=text,
        confidence=0.5,
        tokens=1,
        filled=withheld is None,
        withheld=withheld,
    )


class ScriptedEngine:
    """Answers every fill, rewrite and text before with what it was given."""

    ready = True
    on_state: Callable[[EngineError | None], None] | None = None

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.cancelled = 0

    async def load(self) -> None:
        return

    def configure(self, threads: int, address: EngineAddress) -> None:
        return

    def _result(self, text: str, ranges: list[tuple[int, int]], judged: bool = False) -> FillResult:
        spans = tuple(
            _span(start, end, answer, judged)
            for (start, end), answer in zip(ranges, self.answers, strict=True)
        )
        return FillResult(
            text=apply_spans(text, spans),
            spans=spans,
            nfe=1,
            ms=1.0,
            model="scripted",
            backend="none",
        )

    async def fill(
        self,
        request: FillRequest,
        interactive: bool,
        on_draft: Callable[[Draft], None] | None = None,
    ) -> FillResult:
        if self.answers == ["<never>"]:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        await asyncio.sleep(0)
        ranges = [(span.start, span.end) for span in request.spans]
        return self._result(request.text, ranges, judged=request.min_confidence is not None)

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        before = isinstance(request, BeforeRequest)
        edited = (request.at, request.at) if before else (request.start, request.end)
        return self._result(request.text, [edited])

    async def score(self, text: str) -> ScoreResult:
        return ScoreResult(tokens=(), mean_surprise=0.0, nfe=0, model="scripted", backend="none")

    async def prepare(self, request: FillRequest) -> None:
        return

    def about(self) -> dict[str, str]:
        return {"model": "scripted", "backend": str(self.cancelled)}

    async def token_texts(self) -> list[str]:
        return []

    def forget(self, session: str) -> None:
        return

    async def close(self) -> None:
        return


if __name__ == "__main__":
    engine: EngineClient = ScriptedEngine(json.loads(sys.argv[1]))
    run_stdio(make_server(engine), *open_streams())
