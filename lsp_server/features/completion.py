"""``textDocument/completion`` for clients without inline completion: the same suggestion as an entry of the menu."""

from __future__ import annotations

from lsprotocol import types

_SHOWN = 60
"""Characters of an entry's label."""


def as_inline(params: types.CompletionParams) -> types.InlineCompletionParams:
    """The same question, asked while typing or by hand."""
    invoked = params.context is not None and params.context.trigger_kind == types.CompletionTriggerKind.Invoked
    kind = types.InlineCompletionTriggerKind.Invoked if invoked else types.InlineCompletionTriggerKind.Automatic
    context = types.InlineCompletionContext(trigger_kind=kind)
    return types.InlineCompletionParams(text_document=params.text_document, position=params.position, context=context)


def as_menu(items: list[types.InlineCompletionItem]) -> types.CompletionList:
    """Entries in the order of the suggestions; asked anew with every character."""
    entries = []
    for number, item in enumerate(items):
        text = item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value
        assert item.range is not None, "our suggestions say what they replace"
        entries.append(
            types.CompletionItem(
                label=text.strip()[:_SHOWN],
                kind=types.CompletionItemKind.Text,
                detail="Lacuna",
                sort_text=f"{number:02}",
                filter_text=text,
                text_edit=types.TextEdit(range=item.range, new_text=text),
                command=item.command,
            )
        )
    return types.CompletionList(is_incomplete=True, items=entries)
