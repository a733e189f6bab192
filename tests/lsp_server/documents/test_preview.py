"""The preview shows the draft while one is written, and the document as it stands at all other
times."""

import pytest
from lsprotocol import types

from engine import Draft, DraftSpan
from lsp_server.documents.document import DocumentStore
from lsp_server.documents.preview import Previews, preview_uri

URI = "file:///shop/a b;c.md"


@pytest.fixture
def previews():
    store = DocumentStore()
    store.open(types.TextDocumentItem(URI, "markdown", 1, "old ____ text\n"))
    refreshed = []
    previews = Previews(store, refreshed.append)
    previews.refreshed = refreshed
    store.on_edit.append(previews.edited)
    return previews


def edit(previews, text):
    whole = types.TextDocumentContentChangeWholeDocument(text)
    previews.documents.change(types.VersionedTextDocumentIdentifier(2, URI), [whole])


def draft(text):
    return Draft(step=1, spans=(DraftSpan(start=4, end=8, text=text, confidence=0.5),))


def test_after_an_edit_it_shows_the_new_text(previews):
    uri = preview_uri(URI)
    assert previews.content(uri) == "old ____ text\n"
    edit(previews, "new text\n")
    assert previews.content(uri) == "new text\n" and previews.refreshed == [uri]


def test_a_draft_is_shown_while_it_is_written_and_no_longer(previews):
    uri, document = preview_uri(URI), previews.documents.get(URI)
    previews.show(document, draft("never read"))
    assert not previews.refreshed and previews.content(uri) == "old ____ text\n"
    previews.show(document, draft("good"))
    assert previews.content(uri) == "old good text\n"
    previews.end(document)
    assert previews.content(uri) == "old ____ text\n"


def test_an_edit_while_a_draft_is_written_wins(previews):
    uri, document = preview_uri(URI), previews.documents.get(URI)
    previews.content(uri)
    previews.show(document, draft("good"))
    edit(previews, "quite another text\n")
    assert previews.content(uri) == "quite another text\n"


@pytest.mark.parametrize("odd", ["", "lacuna-draft:", "lacuna-draft:/x?//[", "?%ff", "x" * 9999])
def test_an_odd_address_shows_nothing(previews, odd):
    assert previews.content(odd) == ""


def test_its_address_holds_the_address_of_the_document_as_one_word():
    assert preview_uri(URI) == "lacuna-draft:/shop/a%20b%3Bc.md?file%3A%2F%2F%2Fshop%2Fa%20b%3Bc.md"


def test_a_document_whose_address_has_a_question_mark_has_a_preview(previews):
    uri = "vscode-vfs:/shop/a.md?version=2"
    previews.documents.open(types.TextDocumentItem(uri, "markdown", 1, "text\n"))
    assert previews.content(preview_uri(uri)) == previews.content(f"x:/a?{uri}") == "text\n"


def test_the_client_is_told_of_every_new_draft_once_and_of_the_end(previews):
    uri, document = preview_uri(URI), previews.documents.get(URI)
    previews.content(uri)
    previews.show(document, draft("good"))
    previews.show(document, draft("good"))
    assert previews.refreshed == [uri]
    previews.show(document, draft("better"))
    previews.end(document)
    assert previews.refreshed == [uri] * 3
    previews.end(document)
    assert previews.refreshed == [uri] * 3


def test_of_a_closed_document_nothing_is_shown_any_more(previews):
    uri, document = preview_uri(URI), previews.documents.get(URI)
    previews.content(uri)
    previews.show(document, draft("good"))
    previews.forget(URI)
    previews.forget(URI)
    assert previews.content(uri) == "old ____ text\n"
    previews.forget(URI)
    previews.show(document, draft("better"))
    assert previews.refreshed == [uri]
