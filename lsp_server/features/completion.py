"""``textDocument/completion`` for clients without inline completion: the same suggestion as an
entry of the menu."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.context import ServerContext
from lsp_server.documents.document import Snapshot
from lsp_server.features import inline_completion

_SHOWN = 60
"""Characters of an entry's label."""


def register(server: ServerContext) -> None:
    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return types.CompletionList(is_incomplete=True, items=[])
        items = await inline_completion.suggest(server, document, as_inline(params))
        return as_menu(items, word_before(document, params.position))


def as_inline(params: types.CompletionParams) -> types.InlineCompletionParams:
    """The same question, asked while typing or by hand."""
    invoked = (
        params.context is not None
        and params.context.trigger_kind == types.CompletionTriggerKind.Invoked
    )
    kind = (
        types.InlineCompletionTriggerKind.Invoked
        if invoked
        else types.InlineCompletionTriggerKind.Automatic
    )
    context = types.InlineCompletionContext(trigger_kind=kind)
    return types.InlineCompletionParams(
        text_document=params.text_document, position=params.position, context=context
    )


def word_before(document: Snapshot, position: types.Position) -> tuple[types.Range, str]:
    """The word that the cursor stands behind: menus compare it with an entry, so the entry begins
    with it."""
    end = start = document.offset_at(position)
    while start > 0 and (document.text[start - 1].isalnum() or document.text[start - 1] == "_"):
        start -= 1
    return document.range_of(start, end), document.text[start:end]


def as_menu(
    items: list[types.InlineCompletionItem], word: tuple[types.Range, str]
) -> types.CompletionList:
    """Entries in the order of the suggestions; asked again with every character."""
    word_range, typed = word
    entries = []
    for number, item in enumerate(items):
        added = item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value
        text = typed + added
        entries.append(
            types.CompletionItem(
                label=text.strip()[:_SHOWN],
                kind=types.CompletionItemKind.Text,
                detail="Lacuna",
                sort_text=f"{number:02}",
                filter_text=text,
                text_edit=types.TextEdit(range=word_range, new_text=text),
            )
        )
    return types.CompletionList(is_incomplete=True, items=entries)
