"""The training loop: it learns, and a resumed run is the same run."""

import json
import shutil

import msgspec
import pytest

from engine.network.checkpoint import load_checkpoint
from training.data.shards import TrainingDocument, write_shard
from training.loop.run_state import last_run_state
from training.objectives.pretrain import BatchConfig, PretrainConfig, pretrain


@pytest.fixture(scope="module")
def data(raw_tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    texts = [
        TrainingDocument(f"def f{i % 7}(x):\n    return x + {i % 5}\n" * 20) for i in range(40)
    ]
    for split in ("train", "val"):
        write_shard(folder / f"python-{split}", texts, raw_tokenizer, 1, {})
    raw_tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def run(config, data, tmp_path):
    return PretrainConfig(
        out=tmp_path / "run",
        data=data,
        tokenizer=data / "tokenizer.json",
        model=config,
        steps=12,
        mixture={"python": 1.0},
        batch=BatchConfig(rows=4, length=96, infill_share=0.5, infill_from=0.2),
        compile=False,
        save_every=5,
        evaluate_every=100,
    )


def toml_of(run, path):
    """The run as a run file."""
    table = msgspec.to_builtins(run, enc_hook=str)
    groups = {k: v for k, v in table.items() if isinstance(v, dict)}
    plain = {k: v for k, v in table.items() if k not in groups and v is not None}
    lines = [f"{k} = {json.dumps(v)}" for k, v in plain.items()]
    for group, values in groups.items():
        lines += [
            f"[{group}]",
            *(f"{k} = {json.dumps(v)}" for k, v in values.items() if v is not None),
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def weights(folder):
    return {
        name: value.clone()
        for name, value in load_checkpoint(last_run_state(folder)).state_dict().items()
    }


def test_an_interrupted_and_resumed_run_ends_with_the_same_weights(run, tmp_path):
    pretrain(run)
    whole = weights(run.out)
    # The run is killed after step 5: only the checkpoint of that step is left.
    other = msgspec.structs.replace(run, out=tmp_path / "other")
    pretrain(msgspec.structs.replace(other, steps=12))
    for folder in sorted(other.out.glob("step-*"))[1:]:
        shutil.rmtree(folder)
    first = sorted(other.out.glob("step-*"))[0]
    assert first.name != "step-0000012"
    pretrain(other)
    resumed = weights(other.out)
    assert all(bool((resumed[name] == value).all()) for name, value in whole.items())


@pytest.mark.slow
def test_a_toy_model_learns_toy_text(run):
    pretrain(msgspec.structs.replace(run, steps=80, save_every=80, evaluate_every=40))
    rows = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    bounds = [row["val_bound_python"] for row in rows if "val_bound_python" in row]
    assert bounds[-1] < bounds[1] < 6.3 < bounds[0]
    assert len(list(run.out.glob("step-*"))) == 1


def test_a_run_is_not_resumed_with_other_data_or_another_model(run):
    pretrain(msgspec.structs.replace(run, steps=5))
    with pytest.raises(ValueError, match="another data set or model"):
        pretrain(msgspec.structs.replace(run, seed=2))


def test_a_tokenizer_larger_than_the_vocabulary_is_refused(run, config):
    small = msgspec.structs.replace(config, vocab_size=256)
    with pytest.raises(ValueError, match="more tokens than model.vocab_size"):
        pretrain(msgspec.structs.replace(run, model=small))
