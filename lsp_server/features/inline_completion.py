"""``textDocument/inlineCompletion``: text at the cursor, written from both sides."""

from __future__ import annotations

import time
from typing import Any

from lsprotocol import types

from engine.request.messages import Deletion
from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.suggestions.request import SuggestionRequest

INLINE = "lacuna.inlineCompletion"
"""The registration, where the client has suggestions registered language by language."""
SUGGESTION = "suggestion"
"""How answers are counted."""


def register(server: ServerContext) -> None:
    # Without options pygls would not advertise it.
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(
        params: types.InlineCompletionParams,
    ) -> list[types.InlineCompletionItem] | dict[str, Any]:
        document = server.documents.get(params.text_document.uri)
        items = [] if document is None else await suggest(server, document, params)
        if (
            not items
            and document is not None
            and params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        ):
            # A list with a key of ours, which clients that do not know it ignore.
            return {
                "items": [],
                "reason": server.suggester.reasons.get(document.uri, "nothing fits here"),
            }
        return items


def offered_by_language(capabilities: types.ClientCapabilities) -> bool:
    """True where suggestions are registered language by language, rather than said to be there for
    everything."""
    text = capabilities.text_document
    return bool(text and text.inline_completion and text.inline_completion.dynamic_registration)


async def offer_in(server: ServerContext, languages: tuple[str, ...]) -> None:
    """Have the client ask in just these languages, where it can be told."""
    if not offered_by_language(server.editor.capabilities) or languages == server.offered:
        return
    before, server.offered = server.offered, languages
    if before:
        await server.editor.unregister(INLINE, types.TEXT_DOCUMENT_INLINE_COMPLETION)
    if languages:
        selector = [types.TextDocumentFilterLanguage(language=language) for language in languages]
        options = types.InlineCompletionRegistrationOptions(document_selector=selector)
        await server.editor.register(INLINE, types.TEXT_DOCUMENT_INLINE_COMPLETION, options)


async def suggest(
    server: ServerContext, document: Snapshot, params: types.InlineCompletionParams
) -> list[types.InlineCompletionItem]:
    """Items for the cursor, timed."""
    context, beside = params.context, server.notebooks.beside(document.uri)
    asked = SuggestionRequest(
        document=document,
        position=params.position,
        invoked=context.trigger_kind == types.InlineCompletionTriggerKind.Invoked,
        settings=server.settings(document.uri),
        selected=context.selected_completion_info,
        related=server.related(document, beside),
        beside=beside,
        deletions=tuple(
            Deletion(text=d.text, at=d.at) for d in server.suggester.deletions.of(document.uri)
        ),
    )
    began = time.perf_counter()
    items = await server.suggester.suggest(asked)
    server.status.answered(SUGGESTION, (time.perf_counter() - began) * 1000)
    return items
