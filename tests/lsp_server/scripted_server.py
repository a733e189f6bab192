"""The language server on stdio with an engine that gives the answers it was started with, in the
order of the spans, or that never answers (``<never>``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable

from engine import (
    BeforeRequest,
    Draft,
    EngineError,
    FillRequest,
    FillResult,
    RewriteRequest,
    ScoreResult,
    SpanResult,
)
from engine.http.client.place import EnginePlace
from engine.request.messages import apply_spans
from lsp_server.engine_client.interface import EngineClient
from lsp_server.serve import run_stdio
from lsp_server.server import make_server
from lsp_server.transport.stdio import open_streams


class ScriptedEngine:
    """Answers every fill, rewrite and text before with what it was given."""

    ready = True
    on_state: Callable[[EngineError | None], None] | None = None

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.cancelled = 0

    async def load(self) -> None:
        return

    def configure(self, threads: int, place: EnginePlace) -> None:
        return

    def _result(self, text: str, ranges: list[tuple[int, int]]) -> FillResult:
        spans = tuple(
            SpanResult(start=start, end=end, text=answer, confidence=0.5, tokens=1)
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
        return self._result(request.text, [(span.start, span.end) for span in request.spans])

    async def edit(self, request: RewriteRequest | BeforeRequest) -> FillResult:
        before = isinstance(request, BeforeRequest)
        place = (request.at, request.at) if before else (request.start, request.end)
        return self._result(request.text, [place])

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
