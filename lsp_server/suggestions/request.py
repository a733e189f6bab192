"""One request for a suggestion, with what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from engine.request.messages import Deletion, FillRequest, Snippet, Span
from lsp_server.documents.document import Snapshot
from lsp_server.documents.notebooks import ALONE, Beside
from lsp_server.settings.schema import Settings
from lsp_server.suggestions.suppression import is_suppressed

INVOKED_CANDIDATES = 3


@dataclass(frozen=True)
class SuggestionRequest:
    """Offsets are those of the document."""

    document: Snapshot
    position: types.Position
    invoked: bool
    settings: Settings
    selected: types.SelectedCompletionInfo | None = None
    """A focused entry of the completion menu."""
    related: tuple[Snippet, ...] = ()
    beside: Beside = ALONE
    deletions: tuple[Deletion, ...] = ()
    """What was deleted a moment ago, at offsets of the document."""

    def reason_against(self, on_battery: bool) -> str:
        """Why the user wants no suggestion unless they ask for one, as the end of a sentence; empty
        where they want one."""
        document, settings = self.document, self.settings
        if self.invoked:
            return ""
        if not settings.inline_completion:
            return "inlineCompletion is off"
        if document.language not in settings.languages:
            return f"{document.language} is not among the languages"
        if on_battery and settings.on_battery == "off":
            return "the machine is on battery"
        suppressed = is_suppressed(document, document.offset_at(self.position), settings)
        return "quietIn or quietFiles holds here" if suppressed else ""

    def text_and_cursor(self) -> tuple[str, int]:
        """The text and the cursor in it, as if the focused entry of the menu had been accepted."""
        text, at = self.document.text, self.document.offset_at(self.position)
        if self.selected is None:
            return text, at
        start, end = (
            self.document.offset_at(p) for p in (self.selected.range.start, self.selected.range.end)
        )
        return text[:start] + self.selected.text + text[end:], start + len(self.selected.text)

    @property
    def min_confidence(self) -> float:
        """The confidence below which nothing is shown; who asks gets what else passes the engine's
        gate."""
        return 0.0 if self.invoked else self.settings.min_confidence

    def fill_request(self, text: str, at: int, interactive: bool) -> FillRequest:
        """A fill at an offset of the document's text, the other cells of its notebook around it."""
        line, settings, before = (
            self.document.line(self.position.line),
            self.settings,
            self.beside.before,
        )
        one_line = not settings.several_lines or bool(line.strip()) or self.selected is not None
        start = len(before) + at
        return FillRequest(
            text=before + text + self.beside.after,
            spans=(
                Span(start=start, end=start, max_tokens=settings.max_tokens, single_line=one_line),
            ),
            language=self.document.language,
            related=self.related,
            n=INVOKED_CANDIDATES if interactive and self.invoked else 1,
            deadline_ms=None if self.invoked else settings.deadline_ms,
            session=self.document.uri if interactive else None,
            min_confidence=self.min_confidence,
            recent_deletions=tuple(
                Deletion(text=d.text, at=len(before) + d.at) for d in self.deletions
            ),
        )
