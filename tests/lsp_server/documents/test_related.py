"""Related context is what else is open, never what may be secret."""

import pytest
from lsprotocol import types

from lsp_server.documents.document import DocumentStore
from lsp_server.documents.recent_edits import PLACES, RecentEdits
from lsp_server.documents.related import MOST, may_hold_secrets, related_snippets


def opened(*names):
    store = DocumentStore()
    for name in names:
        language = "python" if name.endswith(".py") else "markdown"
        store.open(types.TextDocumentItem(uri=f"file:///project/src/{name}", language_id=language, version=1, text=name))
    return store


def test_other_documents_of_the_language_come_first_and_the_last_changed_before_them():
    store = opened("a.py", "b.md", "c.py", "d.py")
    here = store.get("file:///project/src/a.py")
    identifier = types.VersionedTextDocumentIdentifier(uri="file:///project/src/c.py", version=2)
    change = types.TextDocumentContentChangeWholeDocument(text="changed")
    store.change(identifier, [change])
    found = related_snippets(here, store, RecentEdits())
    assert [(s.path, s.text) for s in found] == [("src/c.py", "changed"), ("src/d.py", "d.py"), ("src/b.md", "b.md")]


def test_no_more_than_a_few_documents_are_read():
    store = opened(*(f"{i}.py" for i in range(20)))
    assert len(related_snippets(store.get("file:///project/src/0.py"), store, RecentEdits())) == MOST


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", "x/.netrc", "id_rsa", "id_ed25519.pub", "server.pem", "a.KEY", "my_secrets.toml", "%2Eenv"],
)
def test_files_that_may_hold_secrets_are_not_read(name):
    assert may_hold_secrets(f"file:///project/{name}")
    store = opened("a.py", name)
    assert related_snippets(store.get("file:///project/src/a.py"), store, RecentEdits()) == ()


@pytest.mark.parametrize("name", ["environment.py", "keyboard.py", "a/environ/b.py", "tokens.py", "monkey.md"])
def test_ordinary_files_are_no_secrets(name):
    assert not may_hold_secrets(f"file:///project/{name}")


def test_cells_of_the_same_notebook_come_before_other_files():
    store = opened("x.py", "y.py")
    for number, language in enumerate(("markdown", "python", "python")):
        uri = f"vscode-notebook-cell:/project/a.ipynb#{number}"
        store.open(types.TextDocumentItem(uri=uri, language_id=language, version=1, text=f"cell {number}"))
    store.open(types.TextDocumentItem(uri="file:///project/src/z.py", language_id="python", version=1, text="z"))
    cell = store.get("vscode-notebook-cell:/project/a.ipynb#2")
    assert [s.text for s in related_snippets(cell, store, RecentEdits())] == ["cell 1", "cell 0", "z", "y.py", "x.py"]
    seen = related_snippets(cell, store, RecentEdits(), notebook_seen=True)
    assert [s.text for s in seen] == ["z", "y.py", "x.py"]


def edit(store, name, version, line, text):
    uri, place = f"file:///project/src/{name}", types.Position(line, 0)
    change = types.TextDocumentContentChangePartial(range=types.Range(place, place), text=text)
    store.change(types.VersionedTextDocumentIdentifier(uri=uri, version=version), [change])


def test_recent_edits_outlive_their_document_and_are_no_copies_of_what_is_open():
    store, recent = opened("a.py", "b.py", ".env"), RecentEdits()
    store.on_edit.append(recent.edited)
    edit(store, "b.py", 2, 0, "rate = 3\n")
    edit(store, ".env", 2, 0, "TOKEN=1\n")
    here = store.get("file:///project/src/a.py")
    assert [s.text for s in related_snippets(here, store, recent)] == ["rate = 3\nb.py"]
    store.close("file:///project/src/b.py")
    store.close("file:///project/src/.env")
    assert [(s.path, s.text) for s in related_snippets(here, store, recent)] == [("src/b.py", "rate = 3\nb.py")]


def test_an_edit_near_another_is_the_same_place_and_only_the_latest_places_are_kept():
    store, recent = opened("a.py"), RecentEdits()
    store.on_edit.append(recent.edited)
    lines = "".join(f"line {i}\n" for i in range(400))
    edit(store, "a.py", 2, 0, lines)
    for number, line in enumerate((100, 102, 101, 300), 3):
        edit(store, "a.py", number, line, "x\n")
    places = recent.beyond(set())
    assert [place.line for place in places] == [300, 101, 0] and places[1].text.count("x\n") == 3
    for number in range(PLACES + 4):
        edit(store, "a.py", number + 9, number * 15, "y\n")
    assert len(recent.beyond(set())) == PLACES
