"""Rewrite a selection, improve what is odd in it, write what leads to a text: code actions and the commands behind them.

Computed only when chosen: offering them costs no pass.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from lsprotocol import types

from engine import BeforeRequest, RequestRejected, RewriteRequest
from lsp_server.document import Snapshot
from lsp_server.engine_client import EngineClient
from lsp_server.features.edits import Asked, action, argument_of, to_edit

REWRITE, BEFORE = "lacuna.rewrite", "lacuna.writeBefore"
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


class BeforeOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
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
            action("Improve the selection", f"{KIND}.improve", REWRITE, here | {"strength": IMPROVED}),
        ]
    if document.text[start:].strip():
        return [action("Write what comes before", f"{KIND}.before", BEFORE, argument_of(document, requested))]
    return []


async def rewrite(engine: EngineClient, asked: Asked) -> types.WorkspaceEdit:
    """The selection written anew."""
    document, within = asked.document, asked.within
    if within is None:
        raise RequestRejected("There is no selection; select what is to be written anew.")
    wanted = _options(asked.options, RewriteOptions)
    request = RewriteRequest(
        text=document.text, language=document.language, related=asked.related, start=document.offset_at(within.start),
        end=document.offset_at(within.end), strength=wanted.strength, keep=wanted.keep, same_length=wanted.same_length,
        seed=wanted.seed,
    )  # fmt: skip
    return to_edit(asked, await engine.edit(request))


async def write_before(engine: EngineClient, asked: Asked) -> types.WorkspaceEdit:
    """Text inserted in front of the place."""
    document, within = asked.document, asked.within
    if within is None:
        raise RequestRejected("There is no place; put the cursor in front of some text.")
    wanted = _options(asked.options, BeforeOptions)
    request = BeforeRequest(
        text=document.text, language=document.language, related=asked.related, at=document.offset_at(within.start),
        tokens=wanted.tokens, seed=wanted.seed,
    )  # fmt: skip
    return to_edit(asked, await engine.edit(request))


def _options(options: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(options, kind)
    except msgspec.ValidationError as exc:
        raise RequestRejected(f"The command's arguments are not understood: {exc}.") from exc
