"""What became of a suggestion, told by the edits alone."""

import pytest
from lsprotocol import types

from lsp_server.documents.document import DocumentStore, open_snapshot
from lsp_server.suggestions.acceptance import PRIOR_RATE, Acceptance

URI = "file:///a.py"


def counted(*edits, answers=("compute(1)", "count()")):
    """Show ``answers`` behind ``x = `` and make the edits (start, end, new)."""
    store, acceptance = DocumentStore(), Acceptance()
    store.open(types.TextDocumentItem(URI, "python", 1, "x = \ny\n"))
    store.on_edit.append(acceptance.edited)
    acceptance.show(URI, 4, answers)
    for version, (start, end, new) in enumerate(edits, 2):
        change = types.TextDocumentContentChangePartial(store.get(URI).range_of(start, end), new)
        store.change(types.VersionedTextDocumentIdentifier(version, URI), [change])
    return acceptance


@pytest.mark.parametrize(
    ("edits", "accepted", "in_part"),
    [
        ([(4, 4, "compute(1)")], 1, 0),
        ([(0, 4, "x = compute(1)")], 1, 0),  # from the start of the line, as clients do it
        ([(4, 4, "c"), (5, 5, "ompute(1)")], 1, 0),
        ([(4, 4, "count()")], 1, 0),  # another candidate
        ([(4, 4, "compute")], 0, 1),
        ([(4, 4, "compute"), (11, 11, "(1")], 0, 1),
        ([(4, 4, "compute"), (11, 11, "(1)")], 1, 0),  # word by word to the end is all of it
        ([(4, 4, "c"), (5, 5, "o"), (6, 6, "m")], 0, 0),  # typed, not accepted
        ([(4, 4, "print")], 0, 0),
        ([(6, 6, "z")], 0, 0),
        ([(6, 6, "z"), (4, 4, "compute(1)")], 0, 0),  # it was gone by then
        ([(4, 4, "compute(1)"), (14, 14, "compute(1)")], 1, 0),
    ],
)
def test_parts_and_wholes_are_told_from_typing(edits, accepted, in_part):
    counts = counted(*edits).counts
    assert (counts["shown"], counts["accepted"], counts["accepted_in_part"]) == (
        1,
        accepted,
        in_part,
    )


def test_the_rate_starts_at_what_is_usual_and_follows_the_user():
    acceptance = Acceptance()
    assert acceptance.rate == pytest.approx(PRIOR_RATE)
    document = open_snapshot(URI, "python", 1, "", "utf-16")
    for _ in range(30):
        acceptance.show(URI, 0, ("ab",))
        acceptance.edited(document, 0, 0, "ab")
    assert acceptance.rate > 0.8
    for _ in range(30):
        acceptance.show(URI, 0, ("ab",))
        acceptance.edited(document, 0, 0, "q")
    assert acceptance.rate < 0.1
