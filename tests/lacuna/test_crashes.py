"""A document survives a kill at any point: between any two lines of the writing code, and after any
number of bytes.

Each point is a process of its own that is killed there for good (SIGKILL). What counts is what the
next run finds.
"""

import os
import signal
import sys

import msgspec
import pytest

from lacuna import journal
from lacuna.document_file import open_document, replace_document
from lacuna.errors import UserError
from lacuna.journal import journal_of, recover

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

OLD = "first line\n" + "x = ____\n" * 40 + "last line\n"
CODE = (
    "lacuna/document_file.py",
    "lacuna/journal.py",
    "engine/base/atomic_write.py",
    "engine/base/regular_file.py",
)


def in_a_process(work, kill_at):
    """Run ``work`` in a process that is killed at its ``kill_at``-th line of our code; True where
    it was killed."""
    child = os.fork()
    if child == 0:
        count = 0

        def watch(frame, event, argument):
            nonlocal count
            if event == "line" and frame.f_code.co_filename.endswith(CODE):
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return watch

        sys.settrace(watch)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def write(path, text):
    replace_document(open_document(str(path)), text)


def state(path, new):
    """What the next run finds, once it has opened the document; nothing else may be left beside it
    then."""
    found = open_document(str(path)).text
    others = [name for name in os.listdir(path.parent) if name.startswith(".")]
    assert found in (OLD, new) and not journal_of(path).exists()
    return found, others


@pytest.fixture(params=["one name", "two names"])
def path(request, tmp_path):
    path = tmp_path / "a.py"
    path.write_text(OLD)
    if request.param == "two names":
        os.link(path, tmp_path / "b.py")
    return path


@pytest.mark.parametrize(
    "new", [OLD.replace("____", "one + two"), OLD.replace("____", "1"), "short\n", OLD * 40]
)
def test_a_kill_between_any_two_lines_leaves_the_old_or_the_new_text(path, new):
    points, seen = 0, set()
    while True:
        path.write_text(OLD)
        if not in_a_process(lambda: write(path, new), points + 1):
            break
        points += 1
        text, _ = state(path, new)
        seen.add(text)
        write(path, new)  # the next run removes what this one left
        assert [name for name in os.listdir(path.parent) if name.startswith(".")] == []
    assert points > 100 and seen == {OLD, new}


@pytest.mark.parametrize(
    "new", [OLD.replace("____", "one + two"), OLD.replace("____", "1"), "short\n"]
)
def test_a_kill_after_any_number_of_bytes_written_in_place_leaves_the_old_or_the_new_text(
    tmp_path, new, monkeypatch
):
    path = tmp_path / "a.py"
    path.write_text(OLD)
    os.link(path, tmp_path / "b.py")
    data = new.encode()
    for count in range(len(data) + 1):
        path.write_text(OLD)
        child = os.fork()
        if child == 0:

            def cut(where, content, count=count):
                with where.open("r+b") as stream:
                    stream.write(content[:count])
                    stream.flush()
                    os.kill(os.getpid(), signal.SIGKILL)

            journal.overwrite = cut
            try:
                write(path, new)
            finally:
                os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert state(path, new)[0] in (OLD, new)


def test_a_kill_during_recovery_is_recovered_from(tmp_path):
    path = tmp_path / "a.py"
    new, points = OLD.replace("____", "one + two"), 0
    while True:
        path.write_text(new[:200] + OLD[200:])
        journal_of(path).write_bytes(
            msgspec.msgpack.encode(journal.Journal(OLD.encode(), new.encode()))
        )
        if not in_a_process(lambda: open_document(str(path)), points + 1):
            break
        points += 1
        assert state(path, new)[0] == OLD
    assert points > 10


def test_ours_is_the_only_text_that_is_ever_restored(tmp_path):
    """A mixture is recognised for every border; a text that differs in one character from one is
    the user's."""
    path = tmp_path / "a.py"
    new = OLD.replace("____", "22")
    noted = msgspec.msgpack.encode(journal.Journal(OLD.encode(), new.encode()))
    for border in range(0, len(new), 7):
        mixed = new[:border] + OLD[border:]
        touched = mixed[:50] + "!" + mixed[51:] + "by hand"
        journal_of(path).write_bytes(noted)
        path.write_text(touched)
        with pytest.raises(UserError):
            recover(path)
        assert path.read_text() == touched
        path.write_text(mixed)
        recover(path)
        assert path.read_text() in (OLD, new)
