"""Fill the blanks, or selections as if they were blanks: actions and lenses, and the commands
behind them.

A command ends in one versioned edit of all blanks together that pass the engine's gate, as with
``lacuna fill``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from lsprotocol import types

from engine.base.errors import RequestRejected
from engine.request.blank_markers import find_blanks
from engine.request.messages import FillRequest, FillResult, Span
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_command import EditCommand, PlainRange, action, argument_of
from lsp_server.engine_client.interface import EngineClient

COMMAND, SELECTIONS = "lacuna.fillBlanks", "lacuna.fillSelections"
KIND = "refactor.rewrite.fillBlanks"
MOST_SHOWN = 200
"""Blanks of a document that have a hint and a lens; all of them can be filled."""


def blanks_of(document: Snapshot, markers: tuple[str, ...]) -> tuple[Span, ...]:
    """The blanks of a version, looked for once though actions, lenses and hints all ask."""
    return _found(document.text, document.language, markers)


@lru_cache(maxsize=4)
def _found(text: str, language: str, markers: tuple[str, ...]) -> tuple[Span, ...]:
    return find_blanks(text, language, markers).spans


def code_actions(
    document: Snapshot, requested: types.Range, markers: tuple[str, ...], here_only: bool = False
) -> list[types.CodeAction]:
    """Offers for the blanks in the requested lines and for all of the document; computed without
    the engine.

    ``here_only``: nothing where the lines hold no blank.
    """
    spans = blanks_of(document, markers)
    if not spans:
        return []
    low = document.offset_at(types.Position(requested.start.line, 0))
    high = document.offset_at(types.Position(requested.end.line + 1, 0))
    high = high if requested.end.line + 1 < len(document.starts) else len(document.text)
    inside = [span for span in spans if low <= span.start and span.end <= high]
    actions: list[types.CodeAction] = []
    if here_only and not inside:
        return actions
    if 0 < len(inside) < len(spans):
        title = (
            "Fill this blank" if len(inside) == 1 else f"Fill these {len(inside)} blanks together"
        )
        actions.append(
            action(title, KIND, COMMAND, argument_of(document, document.range_of(low, high)))
        )
    title = "Fill the blank" if len(spans) == 1 else f"Fill all {len(spans)} blanks together"
    return [*actions, action(title, KIND, COMMAND, argument_of(document))]


def code_lenses(document: Snapshot, markers: tuple[str, ...]) -> list[types.CodeLens]:
    """A lens at every blank; where there are several, one more at the first that fills them
    together."""
    spans = blanks_of(document, markers)
    lenses = []
    for span in spans[:MOST_SHOWN]:
        blank = document.range_of(span.start, span.end)
        lenses.append(_lens("Fill", blank, argument_of(document, blank)))
    if len(spans) > 1:
        blank = document.range_of(spans[0].start, spans[0].end)
        lenses.append(_lens(f"Fill all {len(spans)} together", blank, argument_of(document)))
    return lenses


def _lens(title: str, blank: types.Range, argument: dict[str, Any]) -> types.CodeLens:
    return types.CodeLens(
        range=blank, command=types.Command(title=title, command=COMMAND, arguments=[argument])
    )


async def fill_selections(engine: EngineClient, asked: EditCommand) -> FillResult:
    """Every one of ``ranges`` becomes a blank of one joint request; an empty one is where to
    write."""
    try:
        ranges = msgspec.convert(asked.options.get("ranges", []), list[PlainRange])
    except msgspec.ValidationError as exc:
        raise RequestRejected(f"The selections are not understood: {exc}.") from exc
    offsets = sorted(
        {
            tuple(asked.offset_at(end) for end in (r.as_range().start, r.as_range().end))
            for r in ranges
        }
    )
    if not offsets:
        raise RequestRejected("There are no selections; send `ranges`.")
    if any(end > start for (_, end), (start, _) in zip(offsets, offsets[1:], strict=False)):
        raise RequestRejected("The selections overlap; select each place once.")
    return await _filled(engine, asked, tuple(Span(start=start, end=end) for start, end in offsets))


async def fill(engine: EngineClient, asked: EditCommand) -> FillResult:
    """Fill the blanks of the document (or those in the range) jointly; those that the gate
    withholds stay."""
    document, within, markers = asked.document, asked.within, asked.settings.blank_markers
    if asked.options:
        raise RequestRejected(f"Filling blanks takes no {', '.join(asked.options)}.")
    spans = blanks_of(document, markers)
    if within is not None:
        low, high = document.offset_at(within.start), document.offset_at(within.end)
        spans = tuple(span for span in spans if low <= span.start and span.end <= high)
    if not spans:
        raise RequestRejected(f"There are no blanks here; mark one as {' or '.join(markers)}.")
    moved = (
        msgspec.structs.replace(s, start=s.start + asked.shift, end=s.end + asked.shift)
        for s in spans
    )
    return await _filled(engine, asked, tuple(moved))


async def _filled(engine: EngineClient, asked: EditCommand, spans: tuple[Span, ...]) -> FillResult:
    # Who wants every guess gets what does not parse too, as with `lacuna fill --min-confidence 0`.
    request = FillRequest(
        text=asked.text,
        spans=spans,
        language=asked.document.language,
        related=asked.related,
        min_confidence=asked.settings.fill_confidence or None,
    )
    return await engine.fill(request, interactive=False, on_draft=asked.on_draft)
