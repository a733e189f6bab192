"""Text of one's own: any mix of formats, split without leaks, bad records skipped and counted."""

import gzip
import json
import os

import pytest

from tests.lacuna.test_cli import refused
from tests.training.data.test_prepare import texts
from training.data.prepare import DataConfig, prepare
from training.data.records import SkippedRecords, read_records
from training.data.shards import TokenShard
from training.data.sources import SourceConfig, is_held_out, source_documents

WORDS = [f"This is document number {i}, about nothing much.\n" for i in range(60)]


@pytest.fixture
def folder(tmp_path):
    import pyarrow
    import pyarrow.parquet

    lines = [json.dumps({"body": text, "repo": f"r{i % 6}"}) for i, text in enumerate(WORDS)]
    (tmp_path / "a.jsonl").write_text(
        "\n".join([*lines[:30], "{broken", '"no object"', '{"other": 1}'])
    )
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[30:]).encode()))
    table = pyarrow.table({"body": WORDS, "repo": [f"r{i % 6}" for i in range(60)]})
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    for i, text in enumerate(WORDS[:10]):
        (tmp_path / f"t{i}.txt").write_text(text)
    return tmp_path


def config(folder, **sources):
    return DataConfig(out=folder / "out", vocab_size=300, sources=sources)


def test_every_format_gives_the_same_documents(folder):
    jsonl = SourceConfig(
        files=(f"{folder}/a.jsonl", f"{folder}/b.jsonl.gz"), text="body", validation=0.2
    )
    parquet = SourceConfig(files=(f"{folder}/*.parquet",), text="body", validation=0.2)
    streamed = SourceConfig(
        dataset="parquet",
        dataset_options={"data_files": f"{folder}/c.parquet"},
        text="body",
        validation=0.2,
    )
    files = SourceConfig(files=(f"{folder}/*.txt",))
    os.environ["HF_HOME"] = str(folder / "cache")
    prepare(config(folder, jsonl=jsonl, parquet=parquet, streamed=streamed, files=files))
    made = {
        name: texts(config(folder), name)
        for name in ("jsonl-train", "parquet-train", "streamed-train")
    }
    assert made["jsonl-train"] == made["parquet-train"] == made["streamed-train"]
    held_out = texts(config(folder), "jsonl-val")
    assert sorted([*made["jsonl-train"], *held_out]) == sorted(WORDS) and 3 < len(held_out) < 25
    assert len(texts(config(folder), "files-train")) + len(texts(config(folder), "files-val")) == 10
    manifest = TokenShard(folder / "out" / "jsonl-train").manifest
    assert set(manifest["sources"]) == {"a.jsonl", "b.jsonl.gz"} and all(
        len(h) == 64 for h in manifest["sources"].values()
    )


def test_bad_records_are_skipped_counted_and_listed(folder, capsys):
    skipped = SkippedRecords()
    assert len(list(read_records(folder / "a.jsonl", skipped))) == 31
    assert skipped.count == 2 and skipped.locations == ["a.jsonl:31", "a.jsonl:32"]
    source = SourceConfig(files=(f"{folder}/a.jsonl",), text="body", validation=0.0)
    assert len(list(source_documents("x", source, "train", skipped))) == 30
    skipped.report()
    assert "records skipped" in capsys.readouterr().err


def test_a_group_is_never_on_both_sides(folder):
    source = SourceConfig(files=(f"{folder}/c.parquet",), text="body", group="repo", validation=0.4)
    sides = {
        split: {
            WORDS.index(document.text) % 6
            for document in source_documents("x", source, split, SkippedRecords())
        }
        for split in ("train", "val")
    }
    assert sides["train"] and sides["val"] and not sides["train"] & sides["val"]


def test_copies_of_a_document_are_on_one_side():
    assert is_held_out("a text", 0.5) == is_held_out("a text", 0.5)
    assert 400 < sum(is_held_out(str(i), 0.5) for i in range(1000)) < 600


def run_file(tmp_path, text):
    path = tmp_path / "data.toml"
    path.write_text(f'out = "{tmp_path}/out"\nvocab_size = 300\n{text}')
    return path


def test_sources_that_cannot_be_are_named(folder):
    def says(text):
        return refused("train", "data", run_file(folder, text))

    assert "nothing to read" in says("")
    assert "no file matches" in says(f'[sources.mine]\nfiles = ["{folder}/nothing*.jsonl"]\n')
    assert "neither files nor a dataset" in says("[sources.mine]\n")
    assert "holds no text in the field 'text'" in says(
        f'[sources.mine]\nfiles = ["{folder}/c.parquet"]\n'
    )
    assert "did you mean files" in says("[sources.mine]\nfile = []\n")
