"""Filters, shards and batches."""

import json
import re

import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from training.data.clean import (
    Decontaminate,
    NearDuplicates,
    is_test,
    keep_python,
    strip_licence_header,
)
from training.data.packages import read_manifest
from training.data.prepare import DataConfig
from training.data.shards import TokenShard, TrainingDocument, write_shard
from training.examples.batches import Batches
from training.examples.infill_examples import InfillConfig
from training.run_file import load_run

GOOD = "import os\n\n\ndef f(path):\n    return os.path.join(path, 'x')\n\n\n" + "\n".join(
    f"name_{c} = '{c}'" for c in "abcdefghijk"
)


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("pkg/mod.py", GOOD, True),
        ("pkg/_vendor/mod.py", GOOD, False),
        ("pkg/schema_pb2.py", GOOD, False),
        ("pkg/mod.py", GOOD + "\ndef broken(:\n", False),
        ("pkg/mod.py", "# Automatically generated, do not edit\n" + GOOD, False),
        ("pkg/mod.py", "# GNU General Public License\n" + GOOD, False),
        ("pkg/mod.py", GOOD + "x = [" + "1, " * 300 + "]\n", False),
        ("pkg/mod.py", "x = 1\n", False),
        ("pkg/mod.py", GOOD * 600, False),
    ],
)
def test_a_file_is_kept_or_dropped(path, text, kept):
    assert keep_python(path, text) is kept


def test_a_licence_header_goes_and_other_comments_stay():
    assert strip_licence_header("# Copyright 2020\n# licensed\n\nimport os\n") == "import os\n"
    assert strip_licence_header("# what this is\nimport os\n").startswith("# what")


def test_tests_are_known_by_path():
    assert is_test("pkg/tests/x.py") and is_test("test_x.py") and not is_test("pkg/testimony.py")


def test_a_near_duplicate_is_dropped_and_a_new_text_kept():
    unseen = NearDuplicates()
    lines = [f"value_{i} = compute_{i}()" for i in range(10)]
    assert unseen.is_new("\n".join(lines))
    assert not unseen.is_new("\n".join([*lines[:8], "other = one()", "another = two()"]))
    assert unseen.is_new("\n".join(f"fresh_{i} = thing_{i}()" for i in range(10)))


def test_a_file_with_an_evaluation_solution_is_dropped():
    solution = "def add(first, second):\n    total = first + second\n    if total > 10:\n"
    solution += "        return total * first\n    return second\n"
    clean = Decontaminate([solution])
    assert not clean.is_clean("import os\n" + solution)
    assert clean.is_clean(GOOD)


@pytest.fixture
def shard(raw_tokenizer, tmp_path):
    texts = [f"def f{i}():\n    return {i} + offset\n" * 30 for i in range(20)]
    documents = [TrainingDocument(text, f"package{i % 2}/f{i}.py") for i, text in enumerate(texts)]
    write_shard(tmp_path / "python-train", documents, raw_tokenizer, 1, {})
    return TokenShard(tmp_path / "python-train"), texts


def test_a_shard_gives_its_documents_back(raw_tokenizer, shard):
    stored, texts = shard
    assert stored.num_documents == len(texts)
    assert [raw_tokenizer.decode(stored.document(i).tolist()) for i in range(len(texts))] == texts


def test_a_shard_that_is_cut_short_is_refused(shard, tmp_path):
    path = tmp_path / "python-train" / "tokens.bin"
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(ValueError, match="cut short"):
        TokenShard(tmp_path / "python-train")


def test_an_interrupted_shard_does_not_look_whole(raw_tokenizer, tmp_path):
    def texts():
        yield TrainingDocument("a = 1\n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path / "x", texts(), raw_tokenizer, 1, {})
    with pytest.raises(ValueError, match="no token shard"):
        TokenShard(tmp_path / "x")


def test_the_same_step_always_gives_the_same_batch(raw_tokenizer, config, shard):
    def batches(step):
        drawn = Batches({"python": shard[0]}, {"python": 1.0}, 7, raw_tokenizer)
        return drawn.plain(step, 4, 32), drawn.infill(step, 4, 64, config, InfillConfig(slots=32))

    (plain, infill), (again, infill_again) = batches(3), batches(3)
    assert torch.equal(plain, again)
    assert all(
        torch.equal(getattr(infill, n), getattr(infill_again, n))
        for n in ("context_ids", "span_ids", "targets")
    )
    assert not torch.equal(plain, batches(4)[0])


def test_an_infilling_example_is_preceded_by_snippets_of_its_own_package_only(
    raw_tokenizer, config, shard
):
    drawn = Batches({"python": shard[0]}, {"python": 1.0}, 7, raw_tokenizer)
    batch = drawn.infill(
        0, 16, 128, config, InfillConfig(slots=32, p_related=1.0, related_tokens=64)
    )
    shown = 0
    for ids in batch.context_ids.tolist():
        *snippets, text = raw_tokenizer.decode(ids, skip_special_tokens=False).split("<|eos|>")
        packages = {snippet.split("/")[0] for snippet in snippets}
        numbers = {int(n) for n in re.findall(r"return (\d+) ", text)}
        shown += len(snippets)
        assert len(packages) <= 1 and (
            not numbers or packages <= {f"package{n % 2}" for n in numbers}
        )
        assert not numbers & {
            int(n) for snippet in snippets for n in re.findall(r"return (\d+) ", snippet)
        }
    assert shown > 8


def test_padding_of_an_infilling_batch_has_no_label(raw_tokenizer, config, shard):
    drawn = Batches({"python": shard[0]}, {"python": 1.0}, 7, raw_tokenizer)
    batch = drawn.infill(0, 8, 64, config, InfillConfig(slots=32))
    assert not (batch.masked & ~batch.span_mask).any()
    assert (batch.weights[~batch.span_mask] == 0).all()
    assert (batch.span_ids[batch.masked] == config.mask_token_id).all()


def test_run_files_are_checked(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('out = "a"\ncorpus = "b"\npackages = "c"\nvocab_sise = 3\n')
    with pytest.raises(ValueError, match="vocab_sise.*did you mean vocab_size"):
        load_run(path, [], DataConfig)
    path.write_text('out = "a"\ncorpus = "b"\npackages = "c"\n')
    assert load_run(path, ["vocab_size=99", "out=else"], DataConfig).vocab_size == 99
    with pytest.raises(ValueError, match="not an override"):
        load_run(path, ["vocab_size"], DataConfig)
    with pytest.raises(ValueError, match="no run file"):
        load_run(tmp_path / "nothing.toml", [], DataConfig)


def test_the_package_manifest_holds_whole_packages_out():
    manifest = read_manifest(ROOT / "training" / "configs" / "python_packages.json")
    names = {package.name for package in manifest.packages}
    assert len(names) == len(manifest.packages) and set(manifest.held_out) < names
    assert all(len(package.sha256) == 64 and package.licence for package in manifest.packages)
    assert json.loads((ROOT / "training" / "configs" / "python_packages.json").read_text())
    assert np.mean([package.name in manifest.held_out for package in manifest.packages]) < 0.2
