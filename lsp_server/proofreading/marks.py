"""Marks of a proofreader as diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types

from lsp_server.documents.document import Snapshot

SOURCE, MISSPELT = "lacuna", "spelling"


@dataclass(frozen=True)
class Mark:
    """A word that is probably wrong, and what was probably meant, the likeliest first; offsets are
    the document's."""

    start: int
    end: int
    instead: tuple[str, ...]


def as_diagnostics(document: Snapshot, marks: Sequence[Mark]) -> list[types.Diagnostic]:
    """Each says what was meant and carries it, so that the quick fix needs no pass of the model."""
    return [
        types.Diagnostic(
            range=document.range_of(mark.start, mark.end),
            message=f"Did you mean “{mark.instead[0]}”?",
            severity=types.DiagnosticSeverity.Information,
            code=MISSPELT,
            source=SOURCE,
            data={"word": document.text[mark.start : mark.end], "instead": list(mark.instead)},
        )
        for mark in marks
    ]
