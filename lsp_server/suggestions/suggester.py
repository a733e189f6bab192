"""``textDocument/inlineCompletion``: text at the cursor, written from both sides.

Newest wins: a request for a document supersedes the one before it, whose fill leaves the engine within a step.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np
from lsprotocol import types

from engine import EngineError, FillRequest, Snippet, Span
from lsp_server.documents.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.suggestions.suggestion_cache import CachedSuggestion, SuggestionCache
from lsp_server.suggestions.suppression import is_suppressed
from lsp_server.documents.notebooks import ALONE, Beside
from lsp_server.settings.schema import Settings

INVOKED_CANDIDATES = 3
TIMED = 50
"""Answers whose time is remembered."""
REST_S = 0.3
"""After so long without a keystroke the engine gets ready for the next one."""


@dataclass(frozen=True)
class SuggestionRequest:
    """One request with what belongs to it; offsets are those of the document."""

    document: Snapshot
    position: types.Position
    invoked: bool
    settings: Settings
    selected: types.SelectedCompletionInfo | None = None
    """A focused entry of the completion menu."""
    related: tuple[Snippet, ...] = ()
    beside: Beside = ALONE

    @property
    def wanted(self) -> bool:
        """False where the user wants no suggestion unless they ask for one."""
        document, settings = self.document, self.settings
        on = settings.inline_completion and document.language in settings.languages
        return self.invoked or (on and not is_suppressed(document, document.offset_at(self.position), settings))

    def typed(self) -> tuple[str, int]:
        """The text and the cursor in it, as if the focused entry of the menu had been accepted."""
        text, at = self.document.text, self.document.offset_at(self.position)
        if self.selected is None:
            return text, at
        start, end = (self.document.offset_at(p) for p in (self.selected.range.start, self.selected.range.end))
        return text[:start] + self.selected.text + text[end:], start + len(self.selected.text)

    def request(self, text: str, at: int, interactive: bool) -> FillRequest:
        """A fill at a place of the document's text, the other cells of its notebook around it."""
        line, settings, before = self.document.line(self.position.line), self.settings, self.beside.before
        one_line = not settings.several_lines or bool(line.strip()) or self.selected is not None
        place = len(before) + at
        return FillRequest(
            text=before + text + self.beside.after,
            spans=(Span(start=place, end=place, max_tokens=settings.max_tokens, single_line=one_line),),
            language=self.document.language,
            related=self.related,
            outline_tokens=settings.outline_tokens,
            n=INVOKED_CANDIDATES if interactive and self.invoked else 1,
            deadline_ms=None if self.invoked else settings.deadline_ms,
            session=self.document.uri if interactive else None,
        )


@dataclass
class InlineCompletions:
    """The running suggestion of each document."""

    engine: EngineClient
    wait_s: Callable[[SuggestionRequest], float] = lambda asked: 0.0
    """How long to hold a suggestion back that nobody asked for."""
    shown: Callable[[SuggestionRequest, tuple[str, ...]], None] = lambda asked, answers: None
    """Told of suggestions that are new on show."""
    running: dict[str, asyncio.Task[list[types.InlineCompletionItem]]] = field(default_factory=dict)
    resting: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """What gets the engine ready for the next request of each document."""
    typed: SuggestionCache = field(default_factory=SuggestionCache)
    _engine_ms: deque[float] = field(default_factory=lambda: deque(maxlen=TIMED))

    @property
    def engine_s(self) -> float:
        """What the engine usually takes for an answer, the delay before it not counted; 0 before the first."""
        return float(np.median(self._engine_ms)) / 1000 if self._engine_ms else 0.0

    async def suggest(self, asked: SuggestionRequest) -> list[types.InlineCompletionItem]:
        """Items for the cursor; empty when superseded, unsure, unwanted or not ready (typing never waits)."""
        if not self.engine.ready or not asked.wanted:
            return []
        uri, cursor = asked.document.uri, asked.document.offset_at(asked.position)
        if not asked.invoked and asked.selected is None:
            known, shown_before = self.typed.rest(uri, asked.document.text, cursor)
            if known:
                if not shown_before:
                    self.shown(asked, known[:1])
                return _items(asked.document, cursor, known[:1])
        self._stop(uri)
        task = asyncio.ensure_future(self._fill(asked))
        self.running[uri] = task
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
            if self.running.get(uri) is task:
                del self.running[uri]

    def closed(self, uri: str) -> None:
        """A document is gone, and all that was kept for it."""
        self._stop(uri)
        self.typed.forget(uri)
        self.engine.forget(uri)

    def _stop(self, uri: str) -> None:
        for task in (self.running.get(uri), self.resting.pop(uri, None)):
            if task is not None:
                task.cancel()

    async def _rest(self, asked: SuggestionRequest, text: str, at: int, answer: str | None) -> None:
        """While the user rests: encode the context as a whole, and see what would follow the suggestion on show."""
        await asyncio.sleep(REST_S)
        with suppress(EngineError):
            await self.engine.prepare(asked.request(text, at, interactive=True))
            if answer:
                text, at = text[:at] + answer + text[at:], at + len(answer)
                request = asked.request(text, at, interactive=False)
                single = msgspec.structs.replace(request.spans[0], single_line=True)
                found = (await self.engine.fill(msgspec.structs.replace(request, spans=(single,)), interactive=False)).spans[
                    0
                ]
                if found.text.strip():
                    self.typed.remember(asked.document.uri, CachedSuggestion(text, at, (found.text,), on_show=False))

    async def _fill(self, asked: SuggestionRequest) -> list[types.InlineCompletionItem]:
        document, selected, settings = asked.document, asked.selected, asked.settings
        if not asked.invoked and (wait := self.wait_s(asked)) > 0:
            await asyncio.sleep(wait)
        text, at = asked.typed()
        filled = await self.engine.fill(asked.request(text, at, interactive=True), interactive=True)
        self._engine_ms.append(filled.ms)
        result = filled.spans[0]
        sure = asked.invoked or result.confidence >= settings.min_confidence
        answers = tuple(answer for answer in (result.text, *result.alternatives) if answer.strip()) if sure else ()
        if answers:
            self.shown(asked, answers)
            if selected is None:
                self.typed.remember(document.uri, CachedSuggestion(text, at, answers))
        following = answers[0] if answers and selected is None else None
        self.resting[document.uri] = asyncio.ensure_future(self._rest(asked, text, at, following))
        if selected is not None:
            return [
                types.InlineCompletionItem(insert_text=selected.text + answer, range=selected.range) for answer in answers
            ]
        return _items(document, at, answers)


def _items(document: Snapshot, cursor: int, answers: tuple[str, ...]) -> list[types.InlineCompletionItem]:
    """Replace from the start of the line rather than insert: clients then cope with characters typed meanwhile."""
    start = int(document.starts[document.position_at(cursor).line])
    typed, replaced = document.text[start:cursor], document.range_of(start, cursor)
    return [types.InlineCompletionItem(insert_text=typed + answer, range=replaced) for answer in answers]
