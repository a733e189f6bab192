"""`lacuna train data` from a package archive and corpus files to shards."""

import json
import zipfile

import msgspec
import pytest
import zstandard
from tokenizers import Tokenizer

from training.data.packages import PackageManifest, fetch, pin, python_files
from training.data.prepare import DataConfig, prepare
from training.data.shards import TokenShard
from training.data.tokenizer import SPECIAL_TOKENS

CODE = "# Copyright nobody\n# licensed somehow\nimport os\n\n\n" + "\n".join(
    f"def function_{i}(value):\n    return os.path.join(value, 'part_{i}')\n" for i in range(8)
)


def wheel(folder, name, code):
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", code)
        archive.writestr(f"{name}/_vendor/copy.py", code.replace("part", "other"))
        archive.writestr(
            f"{name}-1.0.dist-info/METADATA",
            f"Name: {name}\nVersion: 1.0\nLicense-Expression: MIT\n",
        )


def shard(folder, name, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / name).write_bytes(zstandard.compress(lines.encode()))


@pytest.fixture
def config(tmp_path):
    packages = tmp_path / "data" / "work" / "packages"
    corpus = tmp_path / "corpus"
    packages.mkdir(parents=True)
    corpus.mkdir()
    wheel(packages, "alpha", CODE)
    wheel(packages, "omega", CODE.replace("function", "method").replace("value", "item"))
    manifest = pin(packages, {"alpha": "MIT", "omega": "MIT"}, ("omega",))
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    for split in ("train", "val"):
        shard(
            corpus,
            f"{split}-markdown-00.jsonl.zst",
            [f"# Title {i}\n\nSome words of a text.\n" for i in range(20)],
        )
    return DataConfig(
        out=tmp_path / "data",
        corpus=corpus,
        packages=tmp_path / "manifest.json",
        kinds=("markdown",),
        vocab_size=400,
        standard_library=False,
    )


def texts(config, name):
    tokenizer = Tokenizer.from_file(str(config.out / "tokenizer.json"))
    stored = TokenShard(config.out / name)
    return [tokenizer.decode(stored.document(i).tolist()) for i in range(stored.num_documents)]


def test_packages_and_corpus_become_shards_split_by_package(config):
    prepare(config)
    (train,), (val,) = texts(config, "python-train"), texts(config, "python-val")
    assert (
        train.startswith("import os") and "function_3" in train
    )  # the licence head is gone, the vendored copy too
    assert "method_3" in val
    assert len(texts(config, "markdown-train")) == 20
    tokenizer = Tokenizer.from_file(str(config.out / "tokenizer.json"))
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == list(
        range(len(SPECIAL_TOKENS))
    )


def test_a_second_run_does_nothing_again(config):
    prepare(config)
    before = {path: path.stat().st_mtime_ns for path in config.out.rglob("*") if path.is_file()}
    prepare(config)
    assert {
        path: path.stat().st_mtime_ns for path in config.out.rglob("*") if path.is_file()
    } == before


def test_an_archive_with_another_hash_is_refused(config):
    folder = config.out / "work" / "packages"
    manifest = msgspec.json.decode(config.packages.read_bytes(), type=PackageManifest)
    assert len(fetch(manifest, folder)) == 2
    next(folder.glob("alpha*")).write_bytes(b"something else")
    with pytest.raises(ValueError, match="another SHA-256"):
        fetch(manifest, folder)


def test_missing_corpus_files_are_named(config):
    for path in config.corpus.glob("val-*"):
        path.unlink()
    with pytest.raises(ValueError, match="has no val-markdown"):
        prepare(config)


def test_files_of_an_archive_come_as_text(config):
    names = [
        name for name, _ in python_files(next((config.out / "work" / "packages").glob("alpha*")))
    ]
    assert names == ["alpha/__init__.py", "alpha/_vendor/copy.py"]
