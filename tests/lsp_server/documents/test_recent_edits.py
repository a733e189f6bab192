"""Where the user has been writing: edits keep their lines, and an edit has the lines around it."""

import pytest
from lsprotocol import types

from lsp_server.documents.document import DocumentStore
from lsp_server.documents.recent_edits import MOST_CHARS, REACH, RecentEdits

URI, OTHER = "file:///a.py", "file:///b.py"
NUMBERED = "".join(f"line {i}\n" for i in range(40))


class Editor:
    def __init__(self, text=NUMBERED):
        self.store, self.recent = DocumentStore(), RecentEdits()
        self.store.on_edit.append(self.recent.edited)
        for uri in (URI, OTHER):
            self.store.open(types.TextDocumentItem(uri, "python", 1, text))

    def edit(self, start, end, new, uri=URI):
        change = types.TextDocumentContentChangePartial(
            self.store.get(uri).range_of(start, end), new
        )
        self.store.change(types.VersionedTextDocumentIdentifier(2, uri), [change])

    def at_line(self, line, new, until=None, uri=URI):
        """Put ``new`` in place of the lines from ``line`` up to ``until``."""
        starts = self.store.get(uri).starts
        self.edit(int(starts[line]), int(starts[line if until is None else until]), new, uri)

    def recent_edits(self):
        return [(edit.uri, edit.line) for edit in self.recent.beyond(set())]


def test_an_edit_is_kept_with_the_lines_around_it():
    editor = Editor()
    editor.at_line(20, "new\n")
    [edit] = editor.recent.beyond(set())
    around = NUMBERED.splitlines(keepends=True)
    assert edit.text == "".join([*around[16:20], "new\n", *around[20:25]])


@pytest.mark.parametrize(("line", "lines"), [(1, range(7)), (35, range(31, 40))])
def test_an_edit_near_an_end_of_the_document_ends_there(line, lines):
    editor = Editor()
    editor.at_line(line, "", until=line + 1)
    [edit] = editor.recent.beyond(set())
    assert edit.text == "".join(f"line {i}\n" for i in lines if i != line)


def test_of_long_lines_an_edit_has_so_many_characters_on_both_sides():
    text = "".join(f"{i:05}" for i in range(2_000))
    editor = Editor(text)
    editor.edit(5_000, 5_000, "<new>")
    [edit] = editor.recent.beyond(set())
    half = MOST_CHARS // 2
    assert edit.text == text[5_000 - half : 5_000] + "<new>" + text[5_000 : 5_000 + half - 5]


def test_of_a_large_paste_an_edit_has_its_beginning_and_what_stands_before_it():
    editor = Editor()
    editor.at_line(20, "word " * 2_000)
    [edit] = editor.recent.beyond(set())
    head = "".join(f"line {i}\n" for i in range(16, 20))
    assert edit.text == (head + "word " * 2_000)[:MOST_CHARS]


def test_edits_move_with_the_lines_that_come_and_go_before_them():
    editor = Editor()
    editor.at_line(30, "x\n")
    editor.at_line(5, "one\ntwo\nthree\n")
    assert editor.recent_edits() == [(URI, 5), (URI, 33)]
    editor.at_line(18, "", until=24)
    assert editor.recent_edits() == [(URI, 18), (URI, 5), (URI, 27)]
    editor.at_line(12, "one\n", until=13)
    assert editor.recent_edits() == [(URI, 12), (URI, 18), (URI, 5), (URI, 27)]


def test_edits_of_one_document_leave_those_of_another():
    editor = Editor()
    editor.at_line(30, "x\n", uri=OTHER)
    editor.at_line(30, "x\n")
    editor.at_line(10, "y\n")
    assert editor.recent_edits() == [(URI, 10), (URI, 31), (OTHER, 30)]
    assert [edit.uri for edit in editor.recent.beyond({URI})] == [OTHER]


@pytest.mark.parametrize(("distance", "count"), [(REACH, 1), (REACH + 1, 2)])
def test_an_edit_within_reach_of_another_takes_its_place(distance, count):
    editor = Editor()
    editor.at_line(20, "x")
    editor.at_line(20 + distance, "y")
    assert len(editor.recent_edits()) == count
