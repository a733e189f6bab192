"""Training on a borrowed machine, rehearsed: parts out, a run of some seconds, weights back."""

import json

import pytest
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from training import remote
from training.convert.convert import convert
from training.data.shards import TokenShard, TrainingDocument, write_shard

RUN = """
out = "unused"
init_from = "unused"
tokenizer = "unused"
data = "unused"
mixture = { python = 1.0 }
steps = 1
rows = 2
validation_rows = 8
compile = false
precision = "no"
[row]
length = 128
context = 64
span_tokens = 24
[optim]
kind = "adamw"
learning_rate = 1e-3
"""


@pytest.fixture
def data(parent_folder, tmp_path):
    convert(str(parent_folder[0]), tmp_path / "parent-here")
    tokenizer = Tokenizer.from_file(str(tmp_path / "parent-here" / "tokenizer.json"))
    text = "".join(f"def function_{i}(value):\n    return value + {i}\n" for i in range(40))
    for split in ("train", "val"):
        write_shard(
            tmp_path / "data" / f"python-{split}",
            [TrainingDocument(text, f"p/{i}.py") for i in range(8)],
            tokenizer,
            0,
            {},
        )
    return tmp_path / "data"


@pytest.mark.slow
def test_what_comes_back_are_the_trained_weights(gguf_path, data, tmp_path):
    parts = remote.pack(tmp_path / "parts", gguf_path, data, tokens=4000, megabytes=0.2)
    assert len(parts) > 1
    there = tmp_path / "there"
    for part in parts:
        remote.receive(part, there)
    (tmp_path / "run.toml").write_text(RUN)
    checkpoint = remote.train(there, tmp_path / "out", tmp_path / "run.toml", 2.0, [])
    assert TokenShard(there / "data" / "python-train").num_documents < 8
    assert any(
        json.loads(line)
        for line in next((tmp_path / "out").glob("*.jsonl")).read_text().splitlines()
    )
    back = [
        *remote.send(there, tmp_path / "out", 0, 1),
        *remote.send(there, tmp_path / "out", 1, 100),
    ]
    collected = remote.collect(tmp_path / "collected", tmp_path / "parent-here", back)
    trained, found = (
        load_checkpoint(checkpoint, torch.float32),
        load_checkpoint(collected, torch.float32),
    )
    parent = load_checkpoint(tmp_path / "parent-here", torch.float32)
    moved = 0.0
    for (name, value), other, before in zip(
        trained.named_parameters(), found.parameters(), parent.parameters(), strict=True
    ):
        assert torch.allclose(value, other, rtol=0.01, atol=1e-3), name
        moved += float((value - before).abs().sum())
    assert moved > 0.0


def test_only_control_tokens_of_the_embedding_are_trained(gguf_path, data, tmp_path):
    for part in remote.pack(tmp_path / "parts", gguf_path, data, tokens=4000, megabytes=9.0):
        remote.receive(part, tmp_path / "there")
    (tmp_path / "run.toml").write_text(RUN)
    checkpoint = remote.train(tmp_path / "there", tmp_path / "out", tmp_path / "run.toml", 1.0, [])
    trained, before = (
        load_checkpoint(folder, torch.float32)
        for folder in (checkpoint, tmp_path / "there" / "parent")
    )
    changed = (
        (trained.model.embedding != before.model.embedding).any(1).nonzero().flatten().tolist()
    )
    config = trained.config
    control = {
        config.mask_token_id,
        config.gap_token_id,
        config.start_token_id,
        config.span_end_token_id,
        *config.control_ids,
    }
    assert changed and set(changed) <= control
