"""``textDocument/inlineCompletion``: one line at the cursor, written from both sides.

Newest wins: a request for a document supersedes the one before it, whose fill leaves the engine within a step.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from lsprotocol import types

from engine import EngineError, FillRequest, Snippet, Span
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.features.typed_through import Suggested, TypedThrough
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
    typed: TypedThrough = field(default_factory=TypedThrough)

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
        cursor = document.offset_at(params.position)
        known = (
            ()
            if invoked or params.context.selected_completion_info
            else self.typed.rest(document.uri, document.text, cursor)
        )
        if known:
            return _items(document, cursor, known[:1])
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
        self.typed.forget(uri)
        self.engine.forget(uri)

    def _stop(self, uri: str) -> None:
        for task in (self.running.get(uri), self.resting.pop(uri, None)):
            if task is not None:
                task.cancel()

    async def _rest(self, uri: str, request: FillRequest, answer: str | None) -> None:
        """While the user rests: encode the context as a whole, and see what would follow the suggestion on show."""
        await asyncio.sleep(REST_S)
        with suppress(EngineError):
            await self.engine.prepare(request)
            if answer:
                at = request.spans[0].start
                text, after = request.text[:at] + answer + request.text[at:], at + len(answer)
                span = msgspec.structs.replace(request.spans[0], start=after, end=after)
                following = msgspec.structs.replace(request, text=text, spans=(span,), n=1, session=None)
                found = (await self.engine.fill(following, interactive=False)).spans[0]
                if found.text.strip():
                    self.typed.remember(uri, Suggested(text, after, (found.text,)))

    async def _fill(
        self,
        document: Snapshot,
        params: types.InlineCompletionParams,
        settings: Settings,
        invoked: bool,
        related: tuple[Snippet, ...],
    ) -> list[types.InlineCompletionItem]:
        text, at = document.text, document.offset_at(params.position)
        if (selected := params.context.selected_completion_info) is not None:
            # A focused entry of the completion menu: continue as if it had been accepted.
            start, end = document.offset_at(selected.range.start), document.offset_at(selected.range.end)
            text, at = text[:start] + selected.text + text[end:], start + len(selected.text)
        one_line = not settings.several_lines or bool(document.line(params.position.line).strip()) or selected is not None
        request = FillRequest(
            text=text,
            spans=(Span(start=at, end=at, max_tokens=settings.max_tokens, single_line=one_line),),
            language=document.language,
            related=related,
            n=INVOKED_CANDIDATES if invoked else 1,
            deadline_ms=None if invoked else settings.deadline_ms,
            session=document.uri,
        )
        result = (await self.engine.fill(request, interactive=True)).spans[0]
        shown = invoked or result.confidence >= settings.min_confidence
        answers = tuple(answer for answer in (result.text, *result.alternatives) if answer.strip()) if shown else ()
        if answers and selected is None:
            self.typed.remember(document.uri, Suggested(text, at, answers))
        self.resting[document.uri] = asyncio.ensure_future(
            self._rest(document.uri, request, answers[0] if answers and selected is None else None)
        )
        if selected is not None:
            typed = selected.text
            return [types.InlineCompletionItem(insert_text=typed + answer, range=selected.range) for answer in answers]
        return _items(document, at, answers)


def _items(document: Snapshot, cursor: int, answers: tuple[str, ...]) -> list[types.InlineCompletionItem]:
    """Replace from the start of the line rather than insert: clients then cope with characters typed meanwhile."""
    start = int(document.starts[document.position_at(cursor).line])
    typed, replaced = document.text[start:cursor], document.range_of(start, cursor)
    return [types.InlineCompletionItem(insert_text=typed + answer, range=replaced) for answer in answers]


def _automatic(document: Snapshot, settings: Settings) -> bool:
    return settings.inline_completion and document.language in settings.languages
