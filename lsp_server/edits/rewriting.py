"""Rewrite a selection, improve what is odd in it, write what leads to a text or from one to
another.

Code actions and the commands behind them. Computed only when chosen: offering them costs no pass.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from lsprotocol import types

from engine.base.errors import RequestRejected
from engine.request.edits import BeforeRequest, RewriteRequest
from engine.request.messages import FillRequest, FillResult, Span
from lsp_server.documents.document import Snapshot
from lsp_server.edits.edit_command import EditCommand, action, argument_of
from lsp_server.engine_client.interface import EngineClient

REWRITE, BEFORE, BETWEEN = "lacuna.rewrite", "lacuna.writeBefore", "lacuna.writeBetween"
KIND = "refactor.rewrite"
IMPROVED = 0.2
"""Share of the words that "improve" may change: the most surprising ones."""


T = TypeVar("T")


class RewriteOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may say besides the range."""

    strength: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    keep: tuple[str, ...] = ()
    same_length: bool = False
    seed: int = 0


class WriteOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    tokens: Annotated[int, msgspec.Meta(ge=1)] = 48
    seed: int = 0


def code_actions(document: Snapshot, requested: types.Range) -> list[types.CodeAction]:
    """Offers for a selection, and for a cursor that has text behind it."""
    start, end = document.offset_at(requested.start), document.offset_at(requested.end)
    if start < end:
        if not document.text[start:end].strip():
            return []
        here = argument_of(document, requested)
        return [
            action("Rewrite the selection", f"{KIND}.selection", REWRITE, here),
            action(
                "Improve the selection", f"{KIND}.improve", REWRITE, here | {"strength": IMPROVED}
            ),
        ]
    here, offers = argument_of(document, requested), []
    if document.text[start:].strip():
        offers.append(action("Write what comes before", f"{KIND}.before", BEFORE, here))
        if document.text[:start].strip():
            offers.append(action("Write what belongs between", f"{KIND}.between", BETWEEN, here))
    return offers


async def rewrite(engine: EngineClient, asked: EditCommand) -> FillResult:
    """The selection written again."""
    document, within = asked.document, asked.within
    if within is None:
        raise RequestRejected("There is no selection; select what is to be written again.")
    wanted = _options(asked.options, RewriteOptions)
    request = RewriteRequest(
        text=asked.text,
        language=document.language,
        related=asked.related,
        start=asked.offset_at(within.start),
        end=asked.offset_at(within.end),
        strength=wanted.strength,
        keep=wanted.keep,
        same_length=wanted.same_length,
        seed=wanted.seed,
    )
    return await engine.edit(request)


async def write_before(engine: EngineClient, asked: EditCommand) -> FillResult:
    """Text inserted in front of the cursor."""
    at, wanted = _offset(asked, "in front of some text")
    request = BeforeRequest(
        text=asked.text,
        language=asked.document.language,
        related=asked.related,
        at=at,
        tokens=wanted.tokens,
        seed=wanted.seed,
    )
    return await engine.edit(request)


async def write_between(engine: EngineClient, asked: EditCommand) -> FillResult:
    """Text inserted at the cursor, which leads from what precedes it to what follows."""
    at, wanted = _offset(asked, "between the texts")
    request = FillRequest(
        text=asked.text,
        spans=(Span(start=at, end=at, max_tokens=wanted.tokens),),
        language=asked.document.language,
        related=asked.related,
        seed=wanted.seed,
    )
    return await engine.fill(request, interactive=False, on_draft=asked.on_draft)


def _offset(asked: EditCommand, where: str) -> tuple[int, WriteOptions]:
    """The offset to write at, and what else was asked for; ``where`` tells a user who named
    none."""
    if asked.within is None:
        raise RequestRejected(f"There is no place; put the cursor {where}.")
    return asked.offset_at(asked.within.start), _options(asked.options, WriteOptions)


def _options(options: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(options, kind)
    except msgspec.ValidationError as exc:
        raise RequestRejected(f"The command's arguments are not understood: {exc}.") from exc
