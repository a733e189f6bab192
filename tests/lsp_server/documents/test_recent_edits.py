"""Where the user has been writing: places keep their lines, and a place is what stands around it."""

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

    def places(self):
        return [(place.uri, place.line) for place in self.recent.beyond(set())]


def test_a_place_is_the_lines_around_an_edit():
    editor = Editor()
    editor.at_line(20, "new\n")
    [place] = editor.recent.beyond(set())
    around = NUMBERED.splitlines(keepends=True)
    assert place.text == "".join([*around[16:20], "new\n", *around[20:25]])


@pytest.mark.parametrize(("line", "lines"), [(1, range(7)), (35, range(31, 40))])
def test_a_place_near_an_end_of_the_document_ends_there(line, lines):
    editor = Editor()
    editor.at_line(line, "", until=line + 1)
    [place] = editor.recent.beyond(set())
    assert place.text == "".join(f"line {i}\n" for i in lines if i != line)


def test_of_long_lines_a_place_has_so_many_characters_on_both_sides():
    text = "".join(f"{i:05}" for i in range(2_000))
    editor = Editor(text)
    editor.edit(5_000, 5_000, "<new>")
    [place] = editor.recent.beyond(set())
    half = MOST_CHARS // 2
    assert place.text == text[5_000 - half : 5_000] + "<new>" + text[5_000 : 5_000 + half - 5]


def test_of_a_large_paste_a_place_has_its_beginning_and_what_stands_before_it():
    editor = Editor()
    editor.at_line(20, "word " * 2_000)
    [place] = editor.recent.beyond(set())
    head = "".join(f"line {i}\n" for i in range(16, 20))
    assert place.text == (head + "word " * 2_000)[:MOST_CHARS]


def test_places_move_with_the_lines_that_come_and_go_before_them():
    editor = Editor()
    editor.at_line(30, "x\n")
    editor.at_line(5, "one\ntwo\nthree\n")
    assert editor.places() == [(URI, 5), (URI, 33)]
    editor.at_line(18, "", until=24)
    assert editor.places() == [(URI, 18), (URI, 5), (URI, 27)]
    editor.at_line(12, "one\n", until=13)
    assert editor.places() == [(URI, 12), (URI, 18), (URI, 5), (URI, 27)]


def test_edits_of_one_document_leave_the_places_of_another():
    editor = Editor()
    editor.at_line(30, "x\n", uri=OTHER)
    editor.at_line(30, "x\n")
    editor.at_line(10, "y\n")
    assert editor.places() == [(URI, 10), (URI, 31), (OTHER, 30)]
    assert [place.uri for place in editor.recent.beyond({URI})] == [OTHER]


@pytest.mark.parametrize(("distance", "places"), [(REACH, 1), (REACH + 1, 2)])
def test_an_edit_within_reach_of_a_place_is_one_of_that_place(distance, places):
    editor = Editor()
    editor.at_line(20, "x")
    editor.at_line(20 + distance, "y")
    assert len(editor.places()) == places
