"""Related context is what else is open, never what may be secret."""

import pytest
from lsprotocol import types

from lsp_server.document import DocumentStore
from lsp_server.features.related import MOST, may_hold_secrets, related_snippets


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
    store.change(types.DidChangeTextDocumentParams(text_document=identifier, content_changes=[change]))
    found = related_snippets(here, store)
    assert [(s.path, s.text) for s in found] == [("src/c.py", "changed"), ("src/d.py", "d.py"), ("src/b.md", "b.md")]


def test_no_more_than_a_few_documents_are_read():
    store = opened(*(f"{i}.py" for i in range(20)))
    assert len(related_snippets(store.get("file:///project/src/0.py"), store)) == MOST


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", "x/.netrc", "id_rsa", "id_ed25519.pub", "server.pem", "a.KEY", "my_secrets.toml", "%2Eenv"],
)
def test_files_that_may_hold_secrets_are_not_read(name):
    assert may_hold_secrets(f"file:///project/{name}")
    store = opened("a.py", name)
    assert related_snippets(store.get("file:///project/src/a.py"), store) == ()


@pytest.mark.parametrize("name", ["environment.py", "keyboard.py", "a/environ/b.py", "tokens.py", "monkey.md"])
def test_ordinary_files_are_no_secrets(name):
    assert not may_hold_secrets(f"file:///project/{name}")


def test_cells_of_the_same_notebook_come_before_other_files():
    store = opened("x.py", "y.py")
    for number, language in enumerate(("markdown", "python", "python")):
        uri = f"vscode-notebook-cell:/project/a.ipynb#{number}"
        store.open(types.TextDocumentItem(uri=uri, language_id=language, version=1, text=f"cell {number}"))
    store.open(types.TextDocumentItem(uri="file:///project/src/z.py", language_id="python", version=1, text="z"))
    found = related_snippets(store.get("vscode-notebook-cell:/project/a.ipynb#2"), store)
    assert [s.text for s in found] == ["cell 1", "cell 0", "z", "y.py", "x.py"]
