"""Cells of a notebook are read as one text, and written as the documents they are."""

import json
import sys

from lsprotocol import types

from lsp_server.documents.document import DocumentStore
from lsp_server.documents.notebooks import ALONE, Beside, Notebooks
from tests.lsp_server.client import VSCODE, Client

BOOK = "file:///shop/a.ipynb"
SCRIPTED = [sys.executable, "-m", "tests.lsp_server.scripted_server"]


def cell(number):
    return f"vscode-notebook-cell:/shop/a.ipynb#{number}"


def item(number, text, language="python"):
    return types.TextDocumentItem(uri=cell(number), language_id=language, version=1, text=text)


def a_notebook(*texts):
    notebooks = Notebooks(DocumentStore())
    cells = [
        types.NotebookCell(kind=types.NotebookCellKind.Code, document=cell(i))
        for i in range(len(texts))
    ]
    document = types.NotebookDocument(
        uri=BOOK, notebook_type="jupyter-notebook", version=1, cells=cells
    )
    items = [
        item(i, text, "markdown" if text.startswith("#") else "python")
        for i, text in enumerate(texts)
    ]
    notebooks.open(types.DidOpenNotebookDocumentParams(document, items))
    return notebooks


def changed(notebooks, **cells):
    identifier = types.VersionedNotebookDocumentIdentifier(version=2, uri=BOOK)
    change = types.NotebookDocumentChangeEvent(cells=types.NotebookDocumentCellChanges(**cells))
    return notebooks.change(types.DidChangeNotebookDocumentParams(identifier, change))


def test_a_cell_stands_between_the_others_of_its_language():
    notebooks = a_notebook("import a", "# Title", "b = a", "c = b")
    beside = notebooks.beside(cell(2))
    assert (beside.before, beside.after) == ("import a\n\n", "\n\nc = b")
    assert notebooks.beside(cell(1)) == ALONE and notebooks.beside("file:///x.py") is ALONE


def test_cells_come_go_and_change():
    notebooks = a_notebook("one", "two", "three")
    array = types.NotebookCellArrayChange(
        start=0,
        delete_count=1,
        cells=[types.NotebookCell(kind=types.NotebookCellKind.Code, document=cell(9))],
    )
    structure = types.NotebookDocumentCellChangeStructure(
        array=array, did_open=[item(9, "nine")], did_close=[types.TextDocumentIdentifier(cell(0))]
    )
    assert changed(notebooks, structure=structure) == [cell(0)]
    assert (
        notebooks.beside(cell(2)).before == "nine\n\ntwo\n\n" and notebooks.beside(cell(0)) == ALONE
    )
    whole = types.TextDocumentContentChangeWholeDocument(text="zwei")
    content = types.NotebookDocumentCellContentChanges(
        types.VersionedTextDocumentIdentifier(2, cell(1)), [whole]
    )
    changed(notebooks, text_content=[content])
    assert notebooks.beside(cell(2)).before == "nine\n\nzwei\n\n"
    closed = notebooks.close(
        types.DidCloseNotebookDocumentParams(
            types.NotebookDocumentIdentifier(BOOK), [types.TextDocumentIdentifier(cell(1))]
        )
    )
    assert closed == [cell(1)] and notebooks.beside(cell(2)) == ALONE


def test_an_edit_of_a_cell_is_one_of_that_cell():
    client = Client(VSCODE, command=[*SCRIPTED, json.dumps(["3"])])
    assert client.server["capabilities"]["notebookDocumentSync"]["notebookSelector"] == [
        {"notebook": "*"}
    ]
    texts = ["width = 2", "area = ____", "print(area)"]
    cells = [{"kind": 2, "document": cell(i)} for i in range(3)]
    items = [
        {"uri": cell(i), "languageId": "python", "version": 1, "text": text}
        for i, text in enumerate(texts)
    ]
    notebook = {"uri": BOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": cells}
    client.notify(
        "notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": items}
    )
    client.request(
        "workspace/executeCommand",
        {"command": "lacuna.fillBlanks", "arguments": [{"uri": cell(1)}]},
    )
    [change] = client.edits[0]["documentChanges"]
    blank = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 11}}
    assert change["textDocument"]["uri"] == cell(1)
    assert [(edit["range"], edit["newText"]) for edit in change["edits"]] == [(blank, "3")]
    [found] = client.complete(cell(2), 0, 5)["result"]
    assert found["insertText"] == "3"
    closing = {
        "notebookDocument": {"uri": BOOK},
        "cellTextDocuments": [{"uri": cell(i)} for i in range(3)],
    }
    client.notify("notebookDocument/didClose", closing)
    assert client.complete(cell(2), 0, 5)["result"] == []
    assert client.close() == 0


def test_what_stands_beside_is_nothing_only_where_both_sides_are_empty():
    assert not ALONE and Beside(before="a") and Beside(after="b")


def test_a_change_without_cells_changes_none_and_one_of_an_unknown_notebook_is_ignored():
    notebooks = a_notebook("one", "two")
    identifier = types.VersionedNotebookDocumentIdentifier(version=2, uri=BOOK)
    change = types.NotebookDocumentChangeEvent(metadata={"kernel": "python"})
    assert notebooks.change(types.DidChangeNotebookDocumentParams(identifier, change)) == []
    assert notebooks.beside(cell(1)).before == "one\n\n"
    closing = types.DidCloseNotebookDocumentParams(types.NotebookDocumentIdentifier(BOOK), [])
    assert notebooks.close(closing) == [] and notebooks.close(closing) == []
    array = types.NotebookCellArrayChange(
        start=0,
        delete_count=0,
        cells=[
            types.NotebookCell(kind=types.NotebookCellKind.Code, document=cell(i)) for i in (0, 1)
        ],
    )
    structure = types.NotebookDocumentCellChangeStructure(
        array=array, did_close=[types.TextDocumentIdentifier(cell(0))]
    )
    assert changed(notebooks, structure=structure) == [] and notebooks.beside(cell(1)) == ALONE


def test_cells_of_several_notebooks_are_kept_apart():
    notebooks = a_notebook("one", "two", "three")
    other = [
        types.NotebookCell(types.NotebookCellKind.Code, f"vscode-notebook-cell:/b#{i}")
        for i in (0, 1)
    ]
    book = types.NotebookDocument("file:///b.ipynb", "jupyter-notebook", 1, other)
    items = [
        types.TextDocumentItem(cell.document, "python", 1, cell.document[-1]) for cell in other
    ]
    notebooks.open(types.DidOpenNotebookDocumentParams(book, items))
    assert notebooks.beside(cell(0)).after == "\n\ntwo\n\nthree"
    assert notebooks.beside(other[1].document).before == "0\n\n"
