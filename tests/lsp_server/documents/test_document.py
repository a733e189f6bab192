"""The document store against a reference that rebuilds everything."""

import re
from os.path import commonprefix

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.documents.document import DocumentStore, common_prefix, open_snapshot

texts = st.text(alphabet=st.sampled_from("ab\n\r\t\f\u2028\u0085é😀\ud83d"), max_size=40)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-32"])


def reference_starts(text):
    return [0, *[m.end() for m in re.finditer(r"\r\n|\n|\r", text)]]


@settings(deadline=None)
@given(
    texts, encodings, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), texts), max_size=8)
)
def test_incremental_edits_equal_a_document_opened_anew(text, encoding, edits):
    store = DocumentStore()
    store.encoding = encoding
    store.open(types.TextDocumentItem("file:///a", "python", 1, text))
    document = store.get("file:///a")
    for version, (first, second, new) in enumerate(edits, 2):
        low, high = sorted((min(first, len(text)), min(second, len(text))))
        change = types.TextDocumentContentChangePartial(
            range=document.range_of(low, high), text=new
        )
        # A position cannot point between \r and \n: the reference uses the offsets that the
        # positions mean.
        low, high = document.offset_at(change.range.start), document.offset_at(change.range.end)
        text = text[:low] + new + text[high:]
        store.change(
            types.VersionedTextDocumentIdentifier(version=version, uri="file:///a"), [change]
        )
        document = store.get("file:///a")
        assert document.text == text
        assert document.starts.tolist() == reference_starts(text)
        assert document.version == version


@given(texts, encodings, st.integers(0, 60))
def test_offsets_and_positions_agree(text, encoding, offset):
    document = open_snapshot("file:///a", "python", 1, text, encoding)
    offset = min(offset, len(text))
    position = document.position_at(offset)
    between_cr_and_lf = text[offset - 1 : offset + 1] == "\r\n"
    in_line_end = (
        offset > 0 and text[offset - 1] in "\r\n" and int(document.starts[position.line]) != offset
    )
    if not between_cr_and_lf and not in_line_end:
        assert document.offset_at(position) == offset


def test_form_feed_and_unicode_separators_end_no_line():
    document = open_snapshot("file:///a", "python", 1, "a\fb\u2028c\u0085d\ne", "utf-16")
    assert document.starts.tolist() == [0, 8]
    assert document.line(1) == "e"


def test_a_position_beyond_the_text_is_its_end():
    document = open_snapshot("file:///a", "python", 1, "ab\ncd", "utf-16")
    assert document.offset_at(types.Position(9, 9)) == 5
    assert document.offset_at(types.Position(0, 99)) == 2


def test_a_held_snapshot_does_not_change_when_the_document_does():
    store = DocumentStore()
    store.open(types.TextDocumentItem("file:///a", "python", 1, "one\n"))
    held = store.get("file:///a")
    change = types.TextDocumentContentChangeWholeDocument(text="two\n")
    identifier = types.VersionedTextDocumentIdentifier(version=2, uri="file:///a")
    store.change(identifier, [change])
    assert held.text == "one\n" and store.get("file:///a").text == "two\n"
    store.close("file:///a")
    assert store.get("file:///a") is None


def test_closing_all_names_what_was_open():
    store = DocumentStore()
    for name in ("a", "b"):
        store.open(types.TextDocumentItem(f"file:///{name}", "python", 1, "x\n"))
    store.close("file:///never-opened")
    assert store.clear() == ["file:///a", "file:///b"]
    assert list(store) == [] and store.clear() == []


@given(st.text("ab", max_size=20), st.text("ab", max_size=20))
def test_a_common_prefix_is_all_that_both_begin_with(first, second):
    assert common_prefix(first, second) == len(commonprefix([first, second]))


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_listeners_hear_of_the_smallest_edit_only(old, new):
    store, heard = DocumentStore(), []
    store.open(types.TextDocumentItem("file:///a", "python", 1, old))
    store.on_edit.append(lambda document, *edit: heard.append(edit))
    identifier = types.VersionedTextDocumentIdentifier(version=2, uri="file:///a")
    store.change(identifier, [types.TextDocumentContentChangeWholeDocument(text=new)])
    [(start, end, inserted)] = heard
    assert old[:start] + inserted + old[end:] == new
    removed = old[start:end]
    assert not (removed and inserted) or (removed[0] != inserted[0] and removed[-1] != inserted[-1])


def test_a_line_is_without_its_end_whichever_that_is_and_there_is_none_beyond_the_text():
    document = open_snapshot("file:///a", "python", 1, "ab\r\ncd\ref\n\r\ng", "utf-16")
    assert [document.line(i) for i in range(-1, 6)] == ["", "ab", "cd", "ef", "", "g", ""]


def test_a_position_on_the_line_behind_the_last_is_the_end_of_the_text():
    document = open_snapshot("file:///a", "python", 1, "ab\ncd", "utf-16")
    assert document.offset_at(types.Position(2, 0)) == 5
