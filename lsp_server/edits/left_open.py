"""Blanks that the engine's gate left open: the user is told which and why, with the best guess.

Who asked for one blank alone can take its guess; of several a sentence tells, and each can be asked
for alone.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from engine.infill.gate.rules import REASONS
from engine.request.messages import FillResult, SpanResult
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_command import EditCommand, plain_position, versioned

WRITE, LEAVE = "Write the guess", "Leave the blank"
LISTED = 3
"""Blanks that the sentence names one by one."""
LONGEST_GUESS = 60
"""Characters of a guess that are shown."""


def withheld_of(asked: EditCommand, result: FillResult) -> list[dict[str, Any]]:
    """What clients are answered: range, best guess, confidence and the reason of every blank that
    was left open."""
    return [
        {
            "range": _plain_range(asked.document, *_offsets(asked, span)),
            "text": span.text,
            "confidence": round(span.confidence, 4),
            "reason": span.withheld,
        }
        for span in result.spans
        if not span.filled
    ]


def sentence(asked: EditCommand, result: FillResult) -> str:
    """Which blanks stayed and why; empty where none did."""
    left = [span for span in result.spans if not span.filled]
    if not left:
        return ""
    if len(result.spans) == 1:
        [span] = left
        if not span.text.strip():
            return f"Lacuna: the blank in line {_line(asked, span)} stays, {_nothing(span)}."
        return (
            f"Lacuna: the blank in line {_line(asked, span)} stays; its best guess is "
            f"{_guess(span)} ({span.confidence:.0%} sure), but {_reason(span)}."
        )
    parts = [
        f"line {_line(asked, span)} ({_guess(span)}, {span.confidence:.0%} sure: {_reason(span)})"
        if span.text.strip()
        else f"line {_line(asked, span)} ({_nothing(span)})"
        for span in left[:LISTED]
    ]
    if len(left) > LISTED:
        parts.append(f"{len(left) - LISTED} more")
    named = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return (
        f"Lacuna: {len(left)} of {len(result.spans)} blanks stay, {named}; "
        "fill one alone to be offered its guess."
    )


async def tell(server: ServerContext, asked: EditCommand, result: FillResult) -> None:
    """Say the sentence; where one blank was asked for, with its guess as a choice."""
    said = sentence(asked, result)
    [first, *more] = result.spans
    if more or not first.text.strip() or not server.editor.offers_choices:
        server.editor.tell(said, types.MessageType.Info)
        return
    if await server.editor.choose(said, (WRITE, LEAVE)) != WRITE:
        return
    edit = versioned(asked.document, [_as_edit(asked, first)])
    if not await server.editor.apply(edit, WRITE):
        server.editor.tell("Lacuna: the text changed in the meantime; ask again.")


def _as_edit(asked: EditCommand, span: SpanResult) -> types.TextEdit:
    return types.TextEdit(asked.document.range_of(*_offsets(asked, span)), span.text)


def _offsets(asked: EditCommand, span: SpanResult) -> tuple[int, int]:
    """Offsets of the document."""
    return span.start - asked.shift, span.end - asked.shift


def _line(asked: EditCommand, span: SpanResult) -> int:
    return asked.document.position_at(span.start - asked.shift).line + 1


def _guess(span: SpanResult) -> str:
    text = " ".join(span.text.split())
    return f"“{text if len(text) <= LONGEST_GUESS else text[:LONGEST_GUESS] + '…'}”"


def _nothing(span: SpanResult) -> str:
    """Why there is no guess."""
    return _reason(span) if span.withheld == "late" else "nothing fits there"


def _reason(span: SpanResult) -> str:
    return REASONS[span.withheld or "low_confidence"]


def _plain_range(document: Snapshot, start: int, end: int) -> dict[str, dict[str, int]]:
    within = document.range_of(start, end)
    return {"start": plain_position(within.start), "end": plain_position(within.end)}
