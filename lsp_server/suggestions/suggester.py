"""Suggestions of all documents. Newest wins: a request for a document supersedes the one before it,
whose fill leaves the engine within a step.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np
from lsprotocol import types

from engine.base.errors import EngineError
from engine.infill.gate.deletions import was_deleted
from engine.infill.gate.rules import REASONS
from engine.request.messages import SpanResult, Withheld
from lsp_server.documents.deletions import RecentDeletions
from lsp_server.documents.document import Snapshot
from lsp_server.engine_client.interface import EngineClient
from lsp_server.settings.schema import Settings
from lsp_server.suggestions.power import Power
from lsp_server.suggestions.request import SuggestionRequest
from lsp_server.suggestions.suggestion_cache import CachedSuggestion, SuggestionCache

TIMES_KEPT = 50
"""Answers whose time is remembered."""
IDLE_S = 0.3
"""After so long without a keystroke the engine gets ready for the next one."""
SURE = 0.5
"""Confidence from which on what follows an accepted suggestion is shown: a finished line usually
needs nothing more."""


@dataclass
class Suggester:
    """The running suggestion of each document."""

    engine: EngineClient
    deletions: RecentDeletions = field(default_factory=RecentDeletions)
    wait_s: Callable[[SuggestionRequest], float] = lambda asked: 0.0
    """How long to hold a suggestion back that nobody asked for."""
    shown: Callable[[SuggestionRequest, tuple[str, ...]], None] = lambda asked, answers: None
    """Told of suggestions that are new on show."""
    power: Power = field(default_factory=Power)
    running: dict[str, asyncio.Task[list[types.InlineCompletionItem]]] = field(default_factory=dict)
    preparing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """What gets the engine ready for the next request of each document."""
    cache: SuggestionCache = field(default_factory=SuggestionCache)
    reasons: dict[str, str] = field(default_factory=dict)
    """Document -> why its last request brought nothing, as the end of a sentence."""
    withheld: Counter[Withheld] = field(default_factory=Counter)
    """Reason -> how many answers the engine's gate held back."""
    _engine_ms: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))

    @property
    def engine_s(self) -> float:
        """What the engine usually takes for an answer, the delay before it not counted; 0 before
        the first."""
        return float(np.median(self._engine_ms)) / 1000 if self._engine_ms else 0.0

    async def suggest(self, asked: SuggestionRequest) -> list[types.InlineCompletionItem]:
        """Items for the cursor; empty when superseded, unsure, unwanted or not ready (typing never
        waits)."""
        why = (
            "the model is not loaded"
            if not self.engine.ready
            else asked.reason_against(self.power.on_battery)
        )
        if why:
            self.reasons[asked.document.uri] = why
            return []
        uri, cursor = asked.document.uri, asked.document.offset_at(asked.position)
        if not asked.invoked and asked.selected is None:
            known, shown_before = self.cache.remaining(uri, asked.document.text, cursor)
            known = tuple(a for a in known if not was_deleted(a, cursor, asked.deletions))
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
            self.reasons[uri] = "a newer request took its place"
            return []
        except EngineError as exc:
            self.reasons[uri] = str(exc).rstrip(".")
            return []
        finally:
            if self.running.get(uri) is task:
                del self.running[uri]

    def closed(self, uri: str) -> None:
        """A document is gone, and all that was kept for it."""
        self._stop(uri)
        self.cache.forget(uri)
        self.reasons.pop(uri, None)
        self.engine.forget(uri)

    def _stop(self, uri: str) -> None:
        for task in (self.running.get(uri), self.preparing.pop(uri, None)):
            if task is not None:
                task.cancel()

    def _reason(self, result: SpanResult, settings: Settings) -> str:
        """Why an answer is not shown, as the end of a sentence; counted for the status."""
        if result.withheld is None:
            return "nothing fits here"
        self.withheld[result.withheld] += 1
        if result.withheld == "low_confidence":
            sure, asked = result.confidence, settings.min_confidence
            return f"the answer is {sure:.0%} sure, and minConfidence is {asked:.0%}"
        return REASONS[result.withheld]

    async def _fill(self, asked: SuggestionRequest) -> list[types.InlineCompletionItem]:
        document, selected, settings = asked.document, asked.selected, asked.settings
        if not asked.invoked and (wait := self.wait_s(asked)) > 0:
            await asyncio.sleep(wait)
        text, at = asked.text_and_cursor()
        filled = await self.engine.fill(
            asked.fill_request(text, at, interactive=True), interactive=True
        )
        self._engine_ms.append(filled.ms)
        [result] = filled.spans
        found = (result.text, *result.alternatives) if result.filled else ()
        answers = tuple(answer for answer in found if answer.strip())
        if not answers:
            self.reasons[document.uri] = self._reason(result, settings)
        else:
            self.reasons.pop(document.uri, None)
            self.shown(asked, answers)
            if selected is None:
                self.cache.remember(document.uri, CachedSuggestion(text, at, answers))
        if not (self.power.on_battery and settings.on_battery != "full"):
            following = answers[0] if answers and selected is None else None
            self.preparing[document.uri] = asyncio.ensure_future(
                self._prepare_next(asked, text, at, following)
            )
        if selected is not None:
            return [
                types.InlineCompletionItem(insert_text=selected.text + answer, range=selected.range)
                for answer in answers
            ]
        return _items(document, at, answers)

    async def _prepare_next(
        self, asked: SuggestionRequest, text: str, at: int, answer: str | None
    ) -> None:
        """While the user rests: encode the context as a whole, and see what would follow the
        suggestion on show."""
        await asyncio.sleep(IDLE_S)
        with suppress(EngineError):
            await self.engine.prepare(asked.fill_request(text, at, interactive=True))
            if not answer:
                return
            text, at = text[:at] + answer + text[at:], at + len(answer)
            request = asked.fill_request(text, at, interactive=False)
            single = msgspec.structs.replace(request.spans[0], single_line=True)
            least = max(SURE, asked.settings.min_confidence)
            request = msgspec.structs.replace(request, spans=(single,), n=1, min_confidence=least)
            [found] = (await self.engine.fill(request, interactive=False)).spans
            if found.filled and found.text.strip():
                self.cache.remember(
                    asked.document.uri, CachedSuggestion(text, at, (found.text,), on_show=False)
                )


def _items(
    document: Snapshot, cursor: int, answers: tuple[str, ...]
) -> list[types.InlineCompletionItem]:
    """Insertions at the cursor: nothing is replaced, so the rest of the line moves, and long lines
    cost nothing."""
    here = document.position_at(cursor)
    cursor_range = types.Range(here, here)
    return [
        types.InlineCompletionItem(insert_text=answer, range=cursor_range) for answer in answers
    ]
