"""What was deleted a moment ago is known, and forgotten as soon as it is typed again."""

import pytest
from lsprotocol import types

from lsp_server.documents.deletions import FOR_S, KEPT, RecentDeletions
from lsp_server.documents.document import DocumentStore

URI = "file:///a.py"


class Editor:
    def __init__(self, text):
        self.now = 0.0
        self.store, self.deletions = DocumentStore(), RecentDeletions(lambda: self.now)
        self.store.open(types.TextDocumentItem(URI, "python", 1, text))
        self.store.on_edit.append(self.deletions.edited)

    @property
    def text(self):
        return self.store.get(URI).text

    def edit(self, start, end, new):
        change = types.TextDocumentContentChangePartial(
            self.store.get(URI).range_of(start, end), new
        )
        self.store.change(types.VersionedTextDocumentIdentifier(2, URI), [change])

    def known(self):
        return [(d.at, d.text) for d in self.deletions.of(URI)]


def test_one_backspace_after_another_is_one_deletion():
    editor = Editor("call(thing.id)")
    for at in (13, 12, 11):
        editor.edit(at - 1, at, "")
    assert editor.text == "call(thing)" and editor.known() == [(10, ".id")]
    editor.edit(10, 11, "")  # and onwards with the other key
    assert editor.known() == [(10, ".id)")]


def test_typing_it_again_letter_by_letter_ends_it():
    editor = Editor("x = a.id\n")
    editor.edit(5, 8, "")
    for number, letter in enumerate(".id"):
        assert editor.known() == [(5, ".id")]
        editor.edit(5 + number, 5 + number, letter)
    assert editor.known() == []


@pytest.mark.parametrize(("at", "new"), [(5, ".id"), (0, "b.id\n"), (4, "c.id")])
def test_undo_and_paste_count_as_typing(at, new):
    editor = Editor("x = a.id\n")
    editor.edit(5, 8, "")
    editor.edit(at, at, new)
    assert editor.known() == []


def test_its_place_moves_with_the_text_before_it():
    editor = Editor("a\nx = a.id\n")
    editor.edit(7, 10, "")
    editor.edit(0, 0, "more\n")
    assert editor.known() == [(12, ".id")]
    editor.edit(0, 5, "")
    assert editor.known()[0] == (7, ".id")


def test_a_client_that_sends_whole_documents_deletes_just_what_it_deletes():
    editor = Editor("x = a.id\n" * 3)
    whole = types.TextDocumentContentChangeWholeDocument("x = a.id\nx = a\nx = a.id\n")
    editor.store.change(types.VersionedTextDocumentIdentifier(2, URI), [whole])
    assert editor.known() == [(14, ".id")]


def test_it_is_forgotten_after_a_minute_and_when_there_are_many():
    editor = Editor("abcd " * 100)
    for number in range(KEPT + 5):
        editor.edit(number * 9, number * 9 + 2, "")
        editor.edit(0, 0, "\n")
    assert len(editor.known()) == KEPT
    editor.now = FOR_S + 1
    assert editor.known() == []
