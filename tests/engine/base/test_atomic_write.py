"""A folder appears whole, and on the disk, or not at all."""

import os

import pytest

from engine.base.atomic_write import replaced_folder


def anything(folder):
    return None


def test_every_file_of_a_folder_is_flushed_before_the_folder_gets_its_name(tmp_path, monkeypatch):
    flushed, named = set(), []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(
        os, "fsync", lambda number: (flushed.add(os.fstat(number).st_ino), fsync(number))[1]
    )

    def watched(source, target):
        named.append(flushed.copy())
        rename(source, target)

    monkeypatch.setattr(os, "rename", watched)
    with replaced_folder(tmp_path / "model", anything) as new:
        (new / "plans").mkdir()
        (new / "weights").write_text("numbers")
        (new / "plans" / "a").write_text("plan")
    inside = [tmp_path / "model", *(tmp_path / "model").rglob("*")]
    assert len(inside) == 4 and {path.stat().st_ino for path in inside} <= named[0]


def test_what_may_not_be_replaced_any_more_by_the_end_is_not(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()

    def require_empty(asked):
        if os.listdir(asked):
            raise ValueError("somebody put a file into it")

    with pytest.raises(ValueError, match="somebody"), replaced_folder(folder, require_empty):
        (folder / "thesis").write_text("ten years")
    assert (folder / "thesis").read_text() == "ten years" and os.listdir(tmp_path) == ["model"]


def test_a_folder_that_cannot_take_its_place_leaves_the_former_one_there(tmp_path, monkeypatch):
    folder, rename = tmp_path / "model", os.rename
    folder.mkdir()
    (folder / "a").write_text("former")

    def refused(source, target):
        if (source / "a").read_text() == "new":
            raise PermissionError(1, "Operation not permitted")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(PermissionError), replaced_folder(folder, anything) as new:
        (new / "a").write_text("new")
    assert (folder / "a").read_text() == "former" and os.listdir(tmp_path) == ["model"]
