"""Commands that change a document: their arguments, and the one versioned edit that they end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from engine import FillResult, Snippet
from lsp_server.document import Snapshot


@dataclass(frozen=True)
class Asked:
    """What a command is to do: with which document, in which range, with which options of its own."""

    document: Snapshot
    within: types.Range | None
    options: dict[str, Any]
    related: tuple[Snippet, ...]


def to_edit(document: Snapshot, result: FillResult) -> types.WorkspaceEdit:
    """One ``TextDocumentEdit`` for all spans: accepted or refused, and undone, as a whole."""
    edits = [types.TextEdit(range=document.range_of(span.start, span.end), new_text=span.text) for span in result.spans]
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=identifier, edits=edits)])


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
