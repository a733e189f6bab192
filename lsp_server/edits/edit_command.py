"""Commands that change a document: their arguments, and the one versioned edit that they end in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from lsprotocol import types

from engine.request.messages import Draft, FillResult, Snippet
from lsp_server.documents.document import Snapshot
from lsp_server.documents.notebooks import ALONE, Beside
from lsp_server.settings.schema import Settings

Edit = types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit
_ESCAPED = re.compile(r"[\\$}]")
"""What means something in a snippet."""


@dataclass(frozen=True)
class EditForm:
    """How an edit is written down."""

    annotated: bool = False
    """The client can show what each part of an edit is."""
    confirm_below: float = 0.0
    """Parts of a lower confidence wait for consent, where they are annotated."""
    tab_stops: bool = False
    """Every part is a tab stop."""


@dataclass(frozen=True)
class EditCommand:
    """What a command is to do: with which document, in which range, with which options of its
    own."""

    document: Snapshot
    within: types.Range | None
    options: dict[str, Any]
    related: tuple[Snippet, ...]
    settings: Settings
    beside: Beside = ALONE
    """Other cells of the notebook, read as one text with the document."""
    form: EditForm = EditForm()
    on_draft: Callable[[Draft], None] | None = None
    guesses: bool = False
    """The user decides on every part before it is written: what the gate withholds is shown too."""

    @property
    def text(self) -> str:
        """What the engine is shown."""
        return self.beside.before + self.document.text + self.beside.after

    @property
    def shift(self) -> int:
        """From offsets of the document to those of ``text``."""
        return len(self.beside.before)

    def offset_at(self, position: types.Position) -> int:
        """Of ``text``."""
        return self.shift + self.document.offset_at(position)


class PlainPosition(msgspec.Struct):
    line: Annotated[int, msgspec.Meta(ge=0)]
    character: Annotated[int, msgspec.Meta(ge=0)]


class PlainRange(msgspec.Struct):
    """A range as commands are sent it."""

    start: PlainPosition
    end: PlainPosition

    def as_range(self) -> types.Range:
        ends = (types.Position(end.line, end.character) for end in (self.start, self.end))
        return types.Range(*ends)


def to_edit(asked: EditCommand, result: FillResult) -> types.WorkspaceEdit | None:
    """One ``TextDocumentEdit`` for all spans that are filled: accepted or refused, and undone, as a
    whole; ``None`` where none is."""
    document, form = asked.document, asked.form
    edits: list[Edit] = []
    notes: dict[str, types.ChangeAnnotation] = {}
    filled = [
        span
        for span in result.spans
        if span.filled or (asked.guesses and span.withheld != "late")  # there is no guess then
    ]
    if not filled:
        return None
    for number, span in enumerate(filled):
        within = document.range_of(span.start - asked.shift, span.end - asked.shift)
        identifier = f"lacuna.{number}" if form.annotated else None
        if identifier is not None:
            label = f"Line {within.start.line + 1}, {span.confidence:.0%} sure"
            notes[identifier] = types.ChangeAnnotation(
                label,
                needs_confirmation=not span.filled or span.confidence < form.confirm_below,
            )
        edits.append(_edit(within, span.text, identifier, number + 1 if form.tab_stops else None))
    return versioned(document, edits, notes)


def _edit(within: types.Range, text: str, annotation: str | None, stop: int | None) -> Edit:
    if stop is not None:
        escaped = _ESCAPED.sub(r"\\\g<0>", text)
        snippet = types.StringValue(value=f"${{{stop}:{escaped}}}")
        return types.SnippetTextEdit(range=within, snippet=snippet, annotation_id=annotation)
    if annotation is not None:
        return types.AnnotatedTextEdit(range=within, new_text=text, annotation_id=annotation)
    return types.TextEdit(range=within, new_text=text)


def versioned(
    document: Snapshot,
    edits: Sequence[Edit],
    notes: dict[str, types.ChangeAnnotation] | None = None,
) -> types.WorkspaceEdit:
    """Edits of just this version, which a client refuses when the text moved on."""
    identifier = types.OptionalVersionedTextDocumentIdentifier(
        uri=document.uri, version=document.version
    )
    changes = [types.TextDocumentEdit(text_document=identifier, edits=edits)]
    return types.WorkspaceEdit(document_changes=changes, change_annotations=notes or None)


def action(title: str, kind: str, command: str, argument: dict[str, Any]) -> types.CodeAction:
    """A code action that runs one of our commands."""
    return types.CodeAction(
        title=title,
        kind=kind,
        command=types.Command(title=title, command=command, arguments=[argument]),
    )


def argument_of(
    document: Snapshot, within: types.Range | None = None, **more: Any
) -> dict[str, Any]:
    """What a command is called with: the document, the version that was looked at, and a range of
    it."""
    argument: dict[str, Any] = {"uri": document.uri, "version": document.version, **more}
    if within is not None:
        argument["range"] = {
            name: plain_position(getattr(within, name)) for name in ("start", "end")
        }
    return argument


def plain_position(position: types.Position) -> dict[str, int]:
    return {"line": position.line, "character": position.character}


def plain(value: Any) -> Any:
    """Untyped command arguments arrive as named tuples."""
    if hasattr(value, "_asdict"):
        return {key: plain(item) for key, item in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value
