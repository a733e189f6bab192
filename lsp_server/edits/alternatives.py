"""Other words for a word: it is masked and the model's own candidates are offered."""

from __future__ import annotations

from lsprotocol import types

from engine.base.errors import RequestRejected
from engine.request.messages import FillRequest, SamplerOptions, Snippet, Span
from engine.text.line_start import line_start
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_command import versioned
from lsp_server.engine_client.interface import EngineClient
from lsp_server.proofreading.words import WORD

COMMAND = "lacuna.alternatives"
KIND = "refactor.rewrite.alternatives"
OFFERED = 5
_LONGEST = 6
"""Tokens of a word."""


def word_at(document: Snapshot, at: int) -> tuple[int, int] | None:
    """The word that ``at`` stands in or touches."""
    start = line_start(document.text, at)
    end = document.text.find("\n", at)
    for match in WORD.finditer(document.text, start, len(document.text) if end < 0 else end):
        if match.start() <= at <= match.end():
            return match.span()
    return None


async def alternatives(
    engine: EngineClient,
    document: Snapshot,
    start: int,
    end: int,
    related: tuple[Snippet, ...] = (),
) -> list[str]:
    """Words that could stand at ``start`` to ``end``, likeliest first, without the one that stands
    there."""
    request = FillRequest(
        text=document.text,
        spans=(Span(start=start, end=end, max_tokens=_LONGEST, single_line=True),),
        language=document.language,
        related=related,
        n=OFFERED + 1,
        copies=False,
        sampler=SamplerOptions(repairs=0),
    )
    result = (await engine.fill(request, interactive=True)).spans[0]
    word = document.text[start:end]
    found = dict.fromkeys(text.strip() for text in (result.text, *result.alternatives))
    return [text for text in found if text and text != word and WORD.fullmatch(text)][:OFFERED]


def replacements(
    document: Snapshot,
    span: tuple[int, int],
    words: list[str],
    kind: str,
    diagnostic: types.Diagnostic | None = None,
) -> list[types.CodeAction]:
    """A code action for each word, with its edit."""
    within, old = document.range_of(*span), document.text[span[0] : span[1]]
    return [
        types.CodeAction(
            title=f"Replace “{old}” with “{word}”",
            kind=kind,
            diagnostics=None if diagnostic is None else [diagnostic],
            edit=versioned(document, [types.TextEdit(range=within, new_text=word)]),
        )
        for word in words
    ]


def word_in(document: Snapshot, within: types.Range | None) -> tuple[int, int]:
    """The word at a range, which may be a cursor."""
    if within is None:
        raise RequestRejected("There is no place; put the cursor on a word.")
    start, end = document.offset_at(within.start), document.offset_at(within.end)
    if start < end:
        return start, end
    if (span := word_at(document, start)) is None:
        raise RequestRejected("There is no word here; put the cursor on one.")
    return span
