"""Notebooks: which cells stand before and after a cell, so that they are read as one document."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsprotocol import types

from lsp_server.documents.document import DocumentStore

BETWEEN_CELLS = "\n\n"


@dataclass(frozen=True)
class Beside:
    """What stands around a document, and is part of what it means: other cells of its notebook."""

    before: str = ""
    after: str = ""

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


ALONE = Beside()


@dataclass
class Notebooks:
    """The cells of every open notebook, in order; their texts are documents like others."""

    documents: DocumentStore
    _cells: dict[str, list[str]] = field(default_factory=dict)
    _notebook_of: dict[str, str] = field(default_factory=dict)

    def open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        for cell in params.cell_text_documents:
            self.documents.open(cell)
        self._order(
            params.notebook_document.uri, [cell.document for cell in params.notebook_document.cells]
        )

    def change(self, params: types.DidChangeNotebookDocumentParams) -> list[str]:
        """Take what changed; the cells that are gone are returned, still open."""
        uri, cells = params.notebook_document.uri, params.change.cells
        gone: list[str] = []
        if cells is None or uri not in self._cells:
            return gone
        if cells.structure is not None:
            array = cells.structure.array
            order = list(self._cells[uri])
            order[array.start : array.start + array.delete_count] = [
                cell.document for cell in array.cells or []
            ]
            for opened in cells.structure.did_open or []:
                self.documents.open(opened)
            gone = [closed.uri for closed in cells.structure.did_close or []]
            self._order(uri, order)
        for content in cells.text_content or []:
            self.documents.change(content.document, content.changes)
        return gone

    def close(self, params: types.DidCloseNotebookDocumentParams) -> list[str]:
        """The cells of a notebook that is gone, still open."""
        self._order(params.notebook_document.uri, [])
        self._cells.pop(params.notebook_document.uri, None)
        return [cell.uri for cell in params.cell_text_documents]

    def beside(self, uri: str) -> Beside:
        """The cells of the same language before and after a cell; nothing for a document that is
        none."""
        order = self._cells.get(self._notebook_of.get(uri, ""), [])
        own = self.documents.get(uri)
        if own is None or uri not in order:
            return ALONE
        at = order.index(uri)
        before, after = (
            [
                d.text
                for cell in part
                if (d := self.documents.get(cell)) is not None and d.language == own.language
            ]
            for part in (order[:at], order[at + 1 :])
        )
        return Beside(
            "".join(text + BETWEEN_CELLS for text in before),
            "".join(BETWEEN_CELLS + text for text in after),
        )

    def _order(self, uri: str, cells: list[str]) -> None:
        for cell in self._cells.get(uri, []):
            self._notebook_of.pop(cell, None)
        self._cells[uri] = cells
        self._notebook_of |= dict.fromkeys(cells, uri)
