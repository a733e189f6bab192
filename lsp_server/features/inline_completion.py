"""``textDocument/inlineCompletion``: one line at the cursor, written from both sides.

Newest wins: a request for a document supersedes the one before it, whose fill leaves the engine within a step.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from lsprotocol import types

from engine import EngineError, FillRequest, Snippet, Span
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.settings import Settings

INVOKED_CANDIDATES = 3
REST_S = 0.3
"""After so long without a keystroke the engine gets ready for the next one."""


@dataclass
class InlineCompletions:
    """The running suggestion of each document."""

    engine: EngineClient
    running: dict[str, asyncio.Task[list[types.InlineCompletionItem]]] = field(default_factory=dict)
    resting: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """What gets the engine ready for the next request of each document."""

    async def suggest(
        self,
        document: Snapshot,
        params: types.InlineCompletionParams,
        settings: Settings,
        related: tuple[Snippet, ...] = (),
    ) -> list[types.InlineCompletionItem]:
        """Items for the cursor; empty when superseded, unsure, switched off or not ready (typing never waits)."""
        invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        if not self.engine.ready or not (invoked or _automatic(document, settings)):
            return []
        self._stop(document.uri)
        task = asyncio.ensure_future(self._fill(document, params, settings, invoked, related))
        self.running[document.uri] = task
        try:
            return await task
        except asyncio.CancelledError:
            if (current := asyncio.current_task()) is not None and current.cancelling():
                task.cancel()  # the client cancelled this very request
                raise
            return []  # superseded
        except EngineError:
            return []
        finally:
            if self.running.get(document.uri) is task:
                del self.running[document.uri]

    def closed(self, uri: str) -> None:
        """A document is gone, and all that was kept for it."""
        self._stop(uri)
        self.engine.forget(uri)

    def _stop(self, uri: str) -> None:
        for task in (self.running.get(uri), self.resting.pop(uri, None)):
            if task is not None:
                task.cancel()

    async def _rest(self, request: FillRequest) -> None:
        await asyncio.sleep(REST_S)
        with suppress(EngineError):
            await self.engine.prepare(request)

    async def _fill(
        self,
        document: Snapshot,
        params: types.InlineCompletionParams,
        settings: Settings,
        invoked: bool,
        related: tuple[Snippet, ...],
    ) -> list[types.InlineCompletionItem]:
        cursor = document.offset_at(params.position)
        text, shown_from, typed = document.text, cursor, ""
        if (selected := params.context.selected_completion_info) is not None:
            # A focused entry of the completion menu: continue as if it had been accepted.
            shown_from, end = document.offset_at(selected.range.start), document.offset_at(selected.range.end)
            typed, text = selected.text, text[:shown_from] + selected.text + text[end:]
            replaced, at = selected.range, shown_from + len(selected.text)
        else:
            # Replace from the start of the line rather than insert: clients then cope with characters typed meanwhile.
            shown_from = int(document.starts[document.position_at(cursor).line])
            typed, at = text[shown_from:cursor], cursor
            replaced = document.range_of(shown_from, cursor)
        request = FillRequest(
            text=text,
            spans=(Span(start=at, end=at, max_tokens=settings.max_tokens, single_line=True),),
            language=document.language,
            related=related,
            n=INVOKED_CANDIDATES if invoked else 1,
            deadline_ms=None if invoked else settings.deadline_ms,
            session=document.uri,
        )
        result = (await self.engine.fill(request, interactive=True)).spans[0]
        self.resting[document.uri] = asyncio.ensure_future(self._rest(request))
        if not invoked and result.confidence < settings.min_confidence:
            return []
        texts = [result.text, *result.alternatives]
        return [types.InlineCompletionItem(insert_text=typed + text, range=replaced) for text in texts if text.strip()]


def _automatic(document: Snapshot, settings: Settings) -> bool:
    return settings.inline_completion and document.language in settings.languages
