"""What an export or a checkpoint may replace: a folder of its own making, and nothing else,
ever."""

import json
import os
import shutil

import pytest
import torch

from engine.base.atomic_write import replaced_folder, write_file
from engine.network.checkpoint import save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from export import onnx_export
from export.onnx_export import export_onnx


@pytest.fixture
def checkpoint(config, tokenizer_file, tmp_path):
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "checkpoint", tokenizer_file)
    return tmp_path / "checkpoint"


@pytest.fixture
def quick(monkeypatch):
    """Exports that stop where the weights would be written."""

    def stop(*arguments):
        raise InterruptedError

    monkeypatch.setattr(onnx_export, "write_weights", stop)


def everything(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def folder_of_a_user(root):
    (root / "thesis").mkdir()
    (root / "thesis" / "chapter1.tex").write_text("ten years")
    return root / "thesis"


def run_folder(root):
    (root / "run" / "step-0000400").mkdir(parents=True)
    (root / "run" / "step-0000400" / "state.pt").write_text("state")
    return root / "run"


def model_folder_with_notes(root):
    folder = root / "noted"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": {"model.onnx": {}}}))
    (folder / "model.onnx").write_text("graph")
    (folder / "my-notes.md").write_text("precious")
    return folder


def model_folder_with_a_folder_of_plans(root):
    folder = model_folder_with_notes(root)
    (folder / "my-notes.md").unlink()
    (folder / "plans").mkdir()
    (folder / "plans" / "for-the-summer.md").write_text("precious")
    return folder


def model_folder_with_a_folder_in_the_place_of_a_file(root):
    folder = model_folder_with_notes(root)
    (folder / "my-notes.md").unlink()
    (folder / "README.md").mkdir()
    (folder / "README.md" / "chapter1.tex").write_text("precious")
    return folder


def foreign_manifest(root):
    folder = root / "web"
    folder.mkdir()
    (folder / "manifest.json").write_text(
        json.dumps({"format": 1, "name": "a web page", "files": 3})
    )
    (folder / "index.html").write_text("page")
    return folder


def plain_file(root):
    (root / "thesis.txt").write_text("ten years")
    return root / "thesis.txt"


def link_to_a_folder(root):
    folder_of_a_user(root)
    (root / "link").symlink_to(root / "thesis")
    return root / "link"


@pytest.mark.parametrize(
    "make",
    [
        folder_of_a_user,
        run_folder,
        model_folder_with_notes,
        model_folder_with_a_folder_of_plans,
        model_folder_with_a_folder_in_the_place_of_a_file,
        foreign_manifest,
        plain_file,
        link_to_a_folder,
    ],
)
def test_an_export_refuses_what_no_export_wrote(make, checkpoint, tmp_path, quick):
    out = make(tmp_path)
    before = everything(tmp_path)
    with pytest.raises(ValueError, match=r"choose an OUT|OUT beside"):
        export_onnx(checkpoint, out, "float")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["..", ".", "checkpoint", "checkpoint/inside"])
def test_an_export_never_takes_the_checkpoint_or_what_holds_it(
    name, checkpoint, tmp_path, quick, monkeypatch
):
    monkeypatch.chdir(checkpoint if name == ".." else tmp_path)
    before = everything(tmp_path)
    with pytest.raises(ValueError, match="OUT beside the checkpoint"):
        export_onnx(checkpoint, onnx_export.Path(name), "float")
    assert everything(tmp_path) == before


@pytest.mark.slow
def test_a_folder_that_happens_to_be_called_partial_stays(checkpoint, tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "mine").write_text("precious")
    export_onnx(checkpoint, tmp_path / "out", "float")
    assert (tmp_path / "out.partial" / "mine").read_text() == "precious"


@pytest.mark.slow
def test_an_export_replaces_an_export_and_one_that_fails_leaves_it(
    checkpoint, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    export_onnx(checkpoint, out, "float")
    (out / "calibration.json").write_text("{}")
    export_onnx(checkpoint, out, "float")
    assert not (out / "calibration.json").exists()
    before = everything(out)
    monkeypatch.setattr(onnx_export, "write_manifest", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_onnx(checkpoint, out, "float")
    assert everything(out) == before and sorted(os.listdir(tmp_path)) == ["checkpoint", "out"]


def test_a_checkpoint_is_not_saved_over_a_folder_of_another_kind(checkpoint, config, tmp_path):
    thesis = folder_of_a_user(tmp_path)
    with pytest.raises(ValueError, match="not part of a checkpoint"):
        save_checkpoint(MaskPredictor(config), thesis)
    assert (thesis / "chapter1.tex").read_text() == "ten years"


def test_a_kill_between_the_two_renames_is_repaired(tmp_path):
    folder = tmp_path / "model"
    with replaced_folder(folder, lambda path: None) as new:
        (new / "a").write_text("former")
    killed = os.fork()
    if killed == 0:
        rename = os.rename

        def first_only(source, target):
            rename(source, target)
            os.kill(os.getpid(), 9)

        os.rename = first_only
        with replaced_folder(folder, lambda path: None) as new:
            (new / "a").write_text("new")
        os._exit(0)
    os.waitpid(killed, 0)
    assert not folder.exists()
    asked = []
    with replaced_folder(folder, asked.append) as new:
        (new / "a").write_text("newest")
    assert asked and (folder / "a").read_text() == "newest" and os.listdir(tmp_path) == ["model"]


@pytest.mark.slow
def test_what_came_into_a_folder_while_the_new_one_was_made_is_not_lost(
    checkpoint, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    export_onnx(checkpoint, out, "float")
    write = onnx_export.write_manifest

    def user_saves(*arguments, **options):
        write(*arguments, **options)
        (out / "thesis.tex").write_text("ten years")

    monkeypatch.setattr(onnx_export, "write_manifest", user_saves)
    with pytest.raises(ValueError, match="thesis"):
        export_onnx(checkpoint, out, "float")
    assert (out / "thesis.tex").read_text() == "ten years" and (out / "model.onnx").exists()


def test_files_are_flushed_before_they_get_their_names(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (order.append("fsync"), fsync(descriptor))[1]
    )
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("rename"), replace(*names))[1])
    write_file(tmp_path / "a", "text")
    assert order == ["fsync", "rename", "fsync"]
    shutil.rmtree(tmp_path)
