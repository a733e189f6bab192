"""Which files of a folder a model is tuned on: nothing secret, nothing from outside, and the same
from run to run."""

import os

import pytest

from training.data.own_folder import Folder, documents_of, files_of, require_same_files
from training.data.packages import sha256
from training.data.records import SkippedRecords
from training.data.shards import write_shard


@pytest.fixture
def wanted(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    return Folder(root, ("*.py", "*.md", "*.jsonl"), ())


def texts(wanted):
    files = files_of(wanted)
    found = [
        documents_of(wanted, files, name, held, SkippedRecords())
        for name in ("python", "text")
        for held in (True, False)
    ]
    return sorted(document.text for documents in found for document in documents)


def hashes(wanted):
    return {name: sha256(path) for name, path in files_of(wanted).items()}


def test_a_dangling_link_and_links_out_of_the_folder_are_passed_over(wanted, tmp_path):
    (tmp_path / "outside.py").write_text("secret = 'outside'\n")
    (wanted.folder / ".#core.py").symlink_to("user@host.1234:1700000000")
    (wanted.folder / "dangling.py").symlink_to("nothing")
    (wanted.folder / "out.py").symlink_to(tmp_path / "outside.py")
    os.mkfifo(wanted.folder / "pipe.py")
    assert texts(wanted) == ["x = 1\n"]


def test_secrets_are_not_learnt_whether_by_name_or_by_content(wanted):
    (wanted.folder / "credentials.py").write_text("anything\n")
    (wanted.folder / "notes.md").write_text('db_password = "hunter2-zebra"\n')
    (wanted.folder / "more.jsonl").write_text(
        '{"text": "plain"}\n{"text": "AKIAIOSFODNN7EXAMPLE is the key"}\n'
    )
    assert texts(wanted) == ["plain", "x = 1\n"]


def test_a_folder_that_changed_is_noticed(wanted, raw_tokenizer, tmp_path):
    data = tmp_path / "run" / "data"
    write_shard(data / "python-train", [], raw_tokenizer, 1, hashes(wanted))
    require_same_files(wanted, data, hashes(wanted))
    (wanted.folder / "a.py").write_text("x = 2\n")
    with pytest.raises(ValueError, match="has changed"):
        require_same_files(wanted, data, hashes(wanted))
    (wanted.folder / "a.py").write_text("x = 1\n")
    (wanted.folder / "b.py").write_text("y = 1\n")
    with pytest.raises(ValueError, match="has changed"):
        require_same_files(wanted, data, hashes(wanted))


def test_a_shard_that_was_changed_afterwards_is_refused(tmp_path, raw_tokenizer):
    from training.data.shards import TokenShard, TrainingDocument

    write_shard(tmp_path / "s", [TrainingDocument("some text to keep")], raw_tokenizer, 1, {})
    TokenShard(tmp_path / "s")
    tokens = tmp_path / "s" / "tokens.bin"
    data = bytearray(tokens.read_bytes())
    data[0] ^= 1
    tokens.write_bytes(data)
    with pytest.raises(ValueError, match="changed or damaged"):
        TokenShard(tmp_path / "s")
