"""``workspace/executeCommand``: ``lacuna.fillBlanks``, ``lacuna.fillSelections``,
``lacuna.rewrite``, ``lacuna.writeBefore``, ``lacuna.writeBetween`` and ``lacuna.alternatives``.

``lacuna.showStatus`` and ``lacuna.doctor`` are in ``status.py``.
"""

from __future__ import annotations

from typing import Any

from engine.base.errors import EngineError
from lsp_server.context import ServerContext
from lsp_server.edits import alternatives
from lsp_server.edits.edit_command import argument_of, plain
from lsp_server.edits.run import EDITS, known_document, range_of, run_edit


def register(server: ServerContext) -> None:
    for name in EDITS:
        _register(server, name)

    @server.command(alternatives.COMMAND)
    async def other_words(*arguments: Any) -> dict[str, Any] | None:
        """Words that could stand at the cursor, for a client that lets the user choose."""
        options = options_of(arguments)
        document = known_document(server, options)
        if document is None:
            return None
        related = server.related(document, server.notebooks.beside(document.uri))
        try:
            start, end = alternatives.word_in(document, range_of(options.get("range")))
            found = await alternatives.alternatives(server.engine, document, start, end, related)
        except EngineError as exc:
            server.editor.tell(f"Lacuna: {exc}")
            return None
        return argument_of(
            document,
            document.range_of(start, end),
            word=document.text[start:end],
            alternatives=found,
        )


def _register(server: ServerContext, name: str) -> None:
    @server.command(name)
    async def command(*arguments: Any) -> dict[str, Any] | None:
        return await run_edit(server, name, options_of(arguments))


def options_of(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The one object that our commands take; anything else counts as an empty one, which is told in
    a sentence."""
    first = plain(arguments[0]) if arguments else None
    return first if isinstance(first, dict) else {}
