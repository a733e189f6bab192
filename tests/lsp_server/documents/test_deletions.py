"""What was deleted a moment ago is known, and forgotten as soon as it is typed again."""

import pytest
from lsprotocol import types

from lsp_server.documents.deletions import FOR_S, KEPT, LONGEST, RecentDeletions
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


def test_its_offset_moves_with_the_text_before_it():
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


@pytest.mark.parametrize("prefix", ["", "#" * (LONGEST + 50) + "\n"])
def test_typing_it_again_from_its_end_ends_it(prefix):
    editor = Editor(prefix + "x = a.id\n")
    at = len(prefix) + 5
    editor.edit(at, at + 3, "")
    for letter in "di":
        editor.edit(at, at, letter)
        assert editor.known() == [(at, ".id")]
    editor.edit(at, at, ".")
    assert editor.text == prefix + "x = a.id\n" and editor.known() == []


def test_at_the_start_of_a_document_typing_it_again_in_any_order_ends_it():
    editor = Editor("abc = 1\n")
    editor.edit(0, 3, "")
    editor.edit(0, 0, "a")
    editor.edit(1, 1, "c")
    assert editor.known() == [(0, "abc")]
    editor.edit(1, 1, "b")
    assert editor.known() == []


def test_its_offset_moves_with_what_is_replaced_before_it():
    editor = Editor("ab(long_name)\nx = a.id\n")
    editor.edit(19, 22, "")
    editor.edit(3, 12, "n")
    assert editor.known()[0] == (11, ".id")


def test_it_is_known_for_a_minute_from_when_it_was_made():
    editor = Editor("x = a.id\n")
    editor.now = 30.0
    editor.edit(5, 8, "")
    editor.now = 30.0 + FOR_S
    assert editor.known() == [(5, ".id")]
    editor.now += 1
    assert editor.known() == []


def test_a_closed_document_has_no_deletions_and_one_never_opened_has_none():
    editor = Editor("x = a.id\n")
    editor.edit(5, 8, "")
    editor.deletions.forget("file:///other.py")
    assert editor.known() == [(5, ".id")] and editor.deletions.of("file:///other.py") == []
    editor.deletions.forget(URI)
    assert editor.known() == []
