"""Commands that change a document: their arguments, and the one versioned edit that they end in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from engine import Draft, FillResult, Snippet
from lsp_server.document import Snapshot


@dataclass(frozen=True)
class Asked:
    """What a command is to do: with which document, in which range, with which options of its own."""

    document: Snapshot
    within: types.Range | None
    options: dict[str, Any]
    related: tuple[Snippet, ...]
    annotated: bool = False
    """The client can show what each part of an edit is."""
    on_draft: Callable[[Draft], None] | None = None


def to_edit(asked: Asked, result: FillResult) -> types.WorkspaceEdit:
    """One ``TextDocumentEdit`` for all spans: accepted or refused, and undone, as a whole."""
    document, annotated = asked.document, asked.annotated
    edits: list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit] = []
    notes: dict[str, types.ChangeAnnotation] = {}
    for number, span in enumerate(result.spans):
        place = document.range_of(span.start, span.end)
        if annotated:
            identifier = f"lacuna.{number}"
            label = f"Line {place.start.line + 1}, {span.confidence:.0%} sure"
            notes[identifier] = types.ChangeAnnotation(label=label, needs_confirmation=False)
            edits.append(types.AnnotatedTextEdit(range=place, new_text=span.text, annotation_id=identifier))
        else:
            edits.append(types.TextEdit(range=place, new_text=span.text))
    return versioned(document, edits, notes)


def versioned(
    document: Snapshot,
    edits: Sequence[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit],
    notes: dict[str, types.ChangeAnnotation] | None = None,
) -> types.WorkspaceEdit:
    """Edits of just this version, which a client refuses when the text moved on."""
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    changes = [types.TextDocumentEdit(text_document=identifier, edits=edits)]
    return types.WorkspaceEdit(document_changes=changes, change_annotations=notes or None)


def action(title: str, kind: str, command: str, argument: dict[str, Any]) -> types.CodeAction:
    """A code action that runs one of our commands."""
    return types.CodeAction(
        title=title, kind=kind, command=types.Command(title=title, command=command, arguments=[argument])
    )


def argument_of(document: Snapshot, within: types.Range | None = None, **more: Any) -> dict[str, Any]:
    """What a command is called with: the document, the version that was looked at, and a range of it."""
    argument: dict[str, Any] = {"uri": document.uri, "version": document.version, **more}
    if within is not None:
        argument["range"] = {name: plain_position(getattr(within, name)) for name in ("start", "end")}
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
