"""A user's document: nothing of it is lost, whoever else writes, whatever kind of file it is."""

import os
import stat
import struct
import subprocess
import sys

import msgspec
import pytest

from lacuna import journal
from lacuna.document_file import open_document, replace_document
from lacuna.errors import UserError
from lacuna.journal import Journal, journal_of

OLD, NEW = "x = ____\n", "x = 1  # new\n"
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(OLD)
    return path


def test_the_text_is_replaced_and_nothing_is_left_beside_it(path):
    replace_document(open_document(str(path)), NEW)
    assert path.read_text() == NEW and os.listdir(path.parent) == ["a.py"]


def test_what_another_program_saved_meanwhile_stays(path):
    document = open_document(str(path))
    path.write_text(OLD + "saved by an editor\n")
    with pytest.raises(UserError, match="changed by another program"):
        replace_document(document, NEW)
    assert path.read_text() == OLD + "saved by an editor\n" and os.listdir(path.parent) == ["a.py"]


def test_a_save_while_the_new_text_is_being_written_stays(path, monkeypatch):
    document, fsync = open_document(str(path)), os.fsync

    def saved_now(descriptor):
        path.write_text("saved at the last moment\n")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", saved_now)
    with pytest.raises(UserError, match="changed by another program"):
        replace_document(document, NEW)
    assert path.read_text() == "saved at the last moment\n"


def test_a_save_before_the_same_file_is_written_stays(path, monkeypatch):
    os.link(path, path.with_name("b.py"))
    document, put_in_place = open_document(str(path)), journal.put_in_place

    def saved_now(*names):
        path.write_text("saved at the last moment\n")
        put_in_place(*names)

    monkeypatch.setattr(journal, "put_in_place", saved_now)
    with pytest.raises(UserError, match="changed by another program"):
        replace_document(document, NEW)
    assert path.read_text() == "saved at the last moment\n"
    assert sorted(os.listdir(path.parent)) == ["a.py", "b.py"]


def test_a_file_of_the_same_content_that_took_its_place_is_not_overwritten(path):
    document = open_document(str(path))
    other = path.with_name("other")
    other.write_text(OLD)
    os.replace(other, path)
    with pytest.raises(UserError):
        replace_document(document, NEW)
    assert path.read_text() == OLD


def test_a_link_that_leads_elsewhere_now_is_not_followed(path):
    link, other = path.with_name("link"), path.with_name("other.py")
    other.write_text(OLD)
    link.symlink_to(path)
    document = open_document(str(link))
    link.unlink()
    link.symlink_to(other)
    with pytest.raises(UserError):
        replace_document(document, NEW)
    assert other.read_text() == path.read_text() == OLD


def test_a_document_that_was_removed_is_not_made_again(path):
    document = open_document(str(path))
    path.unlink()
    with pytest.raises(UserError):
        replace_document(document, NEW)
    assert os.listdir(path.parent) == []


def test_a_link_keeps_pointing_at_the_document(path):
    link = path.with_name("link")
    link.symlink_to("a.py")
    replace_document(open_document(str(link)), NEW)
    assert link.is_symlink() and path.read_text() == NEW


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664, 0o4755])
def test_the_mode_stays(path, mode):
    path.chmod(mode)
    replace_document(open_document(str(path)), NEW)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@root
def test_the_owner_stays(path):
    os.chown(path, 65534, 65533)
    replace_document(open_document(str(path)), NEW)
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)


def test_extended_attributes_stay(path):
    try:
        os.setxattr(path, "user.tag", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    replace_document(open_document(str(path)), NEW)
    assert os.getxattr(path, "user.tag") == b"1" and path.read_text() == NEW


def test_the_new_file_gets_no_rights_that_its_folder_gives_new_files(path):
    entries = ((1, 7, -1), (2, 7, 1234), (4, 5, -1), (16, 7, -1), (32, 5, -1))
    rights = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    path.chmod(0o640)
    try:
        os.setxattr(path.parent, "system.posix_acl_default", rights)
    except OSError:
        pytest.skip("this file system has no access control lists")
    path.with_name("new").touch()
    assert "system.posix_acl_access" in os.listxattr(path.with_name("new"))
    replace_document(open_document(str(path)), NEW)
    assert "system.posix_acl_access" not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640 and path.read_text() == NEW


def test_hard_links_stay_one_file(path):
    second = path.with_name("b.py")
    os.link(path, second)
    replace_document(open_document(str(path)), NEW)
    assert (
        second.read_text() == NEW
        and second.samefile(path)
        and sorted(os.listdir(path.parent)) == ["a.py", "b.py"]
    )


@pytest.mark.parametrize("refused", ["chown", "setxattr", "chmod"])
def test_where_a_property_cannot_be_kept_the_same_file_is_written(path, monkeypatch, refused):
    def denied(*arguments):
        raise PermissionError(1, "Operation not permitted")

    if refused == "setxattr":
        try:
            os.setxattr(path, "user.tag", b"1")
        except OSError:
            pytest.skip("this file system has no extended attributes")
        monkeypatch.setattr(os, "setxattr", denied)
    elif refused == "chown":
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
        else:
            pytest.skip("only root has files of another owner that it may write")
        monkeypatch.setattr(os, "fchown", denied)
    else:
        monkeypatch.setattr(os, "fchmod", denied)
    before = path.stat()
    replace_document(open_document(str(path)), NEW)
    assert path.stat().st_ino == before.st_ino and path.stat().st_uid == before.st_uid
    assert path.read_text() == NEW and os.listdir(path.parent) == ["a.py"]


def test_a_file_without_write_permission_is_refused(path):
    path.chmod(0o444)
    with pytest.raises(UserError, match="read-only"):
        open_document(str(path))


def test_a_file_in_a_folder_that_cannot_be_written_is_refused(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda asked, mode: not os.path.isdir(asked))
    with pytest.raises(UserError, match="a folder that cannot be written"):
        open_document(str(path))


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "loop", "missing"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, kind):
    path = tmp_path / "odd"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("odd")
    with pytest.raises(UserError):
        open_document(str(path))


def test_a_name_of_the_greatest_length_is_written(tmp_path):
    path = tmp_path / ("n" * 252 + ".py")
    path.write_text(OLD)
    replace_document(open_document(str(path)), NEW)
    assert path.read_text() == NEW


def test_leftovers_of_a_killed_run_go_and_those_of_a_living_one_stay(path):
    program = (
        "import sys, os; from pathlib import Path; from engine.base.atomic_write import "
        "unfinished_file\n"
        "with unfinished_file(Path(sys.argv[1]), 0o600) as (stream, name):\n"
        "    print(name, flush=True); sys.stdin.read()\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    names = [run.stdout.readline().strip() for run in runs]
    runs[0].kill()
    runs[0].wait()
    try:
        replace_document(open_document(str(path)), NEW)
        assert not os.path.exists(names[0]) and os.path.exists(names[1]) and path.read_text() == NEW
    finally:
        for run in runs:
            run.kill()
            run.communicate()


def test_what_was_written_after_a_kill_in_place_is_not_undone(path):
    import msgspec

    journal_of(path).write_bytes(msgspec.msgpack.encode(Journal(OLD.encode(), NEW.encode())))
    path.write_text("written by hand since\n")
    with pytest.raises(UserError, match="former text"):
        open_document(str(path))
    assert path.read_text() == "written by hand since\n" and journal_of(path).exists()


@pytest.mark.parametrize("kind", ["pipe", "endless device", "link to a file", "folder", "foreign"])
def test_a_journal_that_a_folder_brought_along_neither_stops_nor_changes_anything(path, kind):
    journal = journal_of(path)
    if kind == "pipe":
        os.mkfifo(journal)
    elif kind == "endless device":
        journal.symlink_to("/dev/zero")
    elif kind == "link to a file":
        other = path.with_name("other")
        other.write_bytes(msgspec.msgpack.encode(Journal(b"planted", b"x = ____\nplanted")))
        journal.symlink_to(other)
    elif kind == "folder":
        journal.mkdir()
    elif os.geteuid() != 0:
        pytest.skip("only root may give files away")
    else:
        journal.write_bytes(msgspec.msgpack.encode(Journal(b"planted", b"x = ____\nplanted")))
        os.chown(journal, 65534, 65534)
    with pytest.raises(UserError, match="journal .* move it away"):
        open_document(str(path))
    assert path.read_text() == OLD


def test_a_full_disk_leaves_the_document(path, monkeypatch):
    document = open_document(str(path))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"No space left on device.*unchanged"):
        replace_document(document, NEW)
    assert path.read_text() == OLD and os.listdir(path.parent) == ["a.py"]
