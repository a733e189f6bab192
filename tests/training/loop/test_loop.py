"""The loop: however a step is cut up, interrupted or spread, it is the same run."""

import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest
import torch
from tokenizers import Tokenizer

from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor, init_weights
from tests.training.objectives.test_pretrain import data, run, toml_of  # noqa: F401
from training.data.shards import TokenShard
from training.examples.batches import Batches
from training.examples.objective import LossModule, Rows
from training.loop.flops import flops_of_step, peak_flops
from training.loop.loop import accumulate_gradient
from training.loop.optim import OptimConfig, learning_rate_factor
from training.loop.precision import accelerator_of
from training.loop.run_state import last_run_state
from training.objectives.pretrain import BatchConfig, PretrainObjective, pretrain


def rows_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder):
    return {
        row["step"]: v
        for row in rows_of(folder)
        for key, v in row.items()
        if key.startswith("loss")
    }


def weights(folder):
    return load_checkpoint(last_run_state(folder)).state_dict()


def assert_close(one, other, atol=2e-5):
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(other)[name], value, atol=atol, rtol=1e-3)


def objective_of(config):
    tokenizer = Tokenizer.from_file(str(config.tokenizer))
    shards = {name: TokenShard(config.data / f"{name}-train") for name in config.mixture}
    return PretrainObjective(
        config, Batches(shards, config.mixture, config.seed, tokenizer), tokenizer
    )


def variant(run, tmp_path, name, **changes):  # noqa: F811
    return msgspec.structs.replace(run, out=tmp_path / name, precision="no", **changes)


@pytest.mark.parametrize("step", [0, 3], ids=["plain", "infill"])
def test_accumulated_micro_batches_make_the_gradient_of_one_batch(run, step):  # noqa: F811
    config = msgspec.structs.replace(
        run, batch=BatchConfig(rows=5, length=96, infill_share=1.0, infill_from=0.2)
    )
    objective, found = objective_of(config), []
    assert objective.batch(step).kind == ("infill" if step else "plain")
    for accumulate in (1, 3):
        model = MaskPredictor(run.model)
        init_weights(model, torch.Generator().manual_seed(0))
        loss = accumulate_gradient(
            accelerator_of("no"), LossModule(model), objective.batch(step), accumulate
        )
        found.append((loss, [p.grad for p in model.parameters()]))
    (one, gradients), (other, accumulated) = found
    assert one == pytest.approx(other, rel=1e-5)
    for ours, theirs in zip(gradients, accumulated, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-3)


def test_batches_made_ahead_by_other_processes_are_the_same_run(run, tmp_path):  # noqa: F811
    one, other = (variant(run, tmp_path, f"w{n}", loader_workers=n, steps=8) for n in (0, 2))
    pretrain(one)
    pretrain(other)
    assert_close(one.out, other.out, atol=0.0)
    assert losses(one.out)[8] == losses(other.out)[8]
    assert all(0 <= row["loader_share"] < 1 for row in rows_of(other.out) if "loader_share" in row)


@pytest.mark.slow
def test_activation_checkpointing_changes_memory_and_nothing_else(run, tmp_path):  # noqa: F811
    one, other = (
        variant(run, tmp_path, f"c{on}", checkpoint_activations=on, steps=6) for on in (False, True)
    )
    pretrain(one)
    pretrain(other)
    assert_close(one.out, other.out, atol=1e-6)


@pytest.mark.slow
def test_checkpoints_hold_averaged_weights_and_resume_from_the_others(run, tmp_path):  # noqa: F811
    plain = variant(run, tmp_path, "plain", steps=10, save_every=5)
    averaged = variant(run, tmp_path, "ema", steps=10, save_every=5, ema=0.9)
    pretrain(plain)
    pretrain(averaged)
    own, mean = weights(plain.out), weights(averaged.out)
    assert any(bool((own[name] != mean[name]).any()) for name in own)
    # Averaging does not touch the training itself: the raw weights are those of the plain run.
    state = torch.load(last_run_state(averaged.out) / "state.pt", weights_only=True)
    for name, value in own.items():
        torch.testing.assert_close(state["weights"][name], value)
    cut = variant(run, tmp_path, "cut", steps=10, save_every=5, ema=0.9)
    pretrain(msgspec.structs.replace(cut, steps=10))
    last_run_state(cut.out).rename(cut.out / "gone")
    pretrain(cut)
    for name, value in mean.items():
        torch.testing.assert_close(weights(cut.out)[name], value)


@pytest.mark.slow
def test_a_run_killed_and_started_again_has_the_losses_of_an_uninterrupted_one(run, tmp_path):  # noqa: F811
    whole = variant(run, tmp_path, "whole", steps=120, save_every=7)
    pretrain(whole)
    killed = variant(run, tmp_path, "killed", steps=120, save_every=7)
    toml = toml_of(killed, tmp_path / "killed.toml")
    command = [sys.executable, "-m", "lacuna", "train", "pretrain", str(toml)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while last_run_state(killed.out) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert int(last_run_state(killed.out).name.split("-")[1]) < 120
    assert subprocess.run(command, stderr=subprocess.DEVNULL, timeout=240).returncode == 0
    found, expected = losses(killed.out), losses(whole.out)
    assert found == expected and len(expected) == 6


@pytest.mark.slow
@pytest.mark.parametrize("fsdp", [False, True], ids=["replicas", "FSDP 2"])
def test_two_processes_make_the_step_of_one(run, tmp_path, fsdp):  # noqa: F811
    optim = OptimConfig(kind="adamw")
    one = variant(run, tmp_path, "one", steps=4, save_every=2, optim=optim)
    two = variant(run, tmp_path, "two", steps=4, save_every=2, optim=optim)
    pretrain(one)
    toml = toml_of(two, tmp_path / "two.toml")
    sharded = [
        "--use_fsdp",
        "--fsdp_version",
        "2",
        "--fsdp_auto_wrap_policy",
        "TRANSFORMER_BASED_WRAP",
    ]
    sharded += ["--fsdp_transformer_layer_cls_to_wrap", "Block"]
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    launch += [
        *(sharded if fsdp else ["--cpu"]),
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    command = [*launch, "--main_process_port", "0", "-m", "lacuna", "train", "pretrain", str(toml)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_close(one.out, two.out)
    assert losses(two.out)[4] == pytest.approx(losses(one.out)[4], rel=1e-4)


def test_a_disk_that_fills_leaves_the_last_checkpoint_and_says_so(run, tmp_path, monkeypatch):  # noqa: F811
    pretrain(variant(run, tmp_path, "full", steps=5, save_every=5))
    before = weights(tmp_path / "full")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.network.checkpoint.save_file", full)
    with pytest.raises(ValueError, match=r"No space left.*step-0000005 is intact"):
        pretrain(variant(run, tmp_path, "full", steps=10, save_every=5))
    assert all(
        bool((weights(tmp_path / "full")[name] == value).all()) for name, value in before.items()
    )
    assert [path.name for path in (tmp_path / "full").glob("step-*")] == ["step-0000005"]


def test_a_loss_that_is_not_finite_stops_the_run_at_the_last_good_checkpoint(
    run,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    good = variant(run, tmp_path, "nan", steps=5, save_every=5)
    pretrain(good)
    broken = variant(
        run,
        tmp_path,
        "nan",
        steps=50,
        optim=OptimConfig(learning_rate=1e30, kind="adamw", clip=1e30),
    )
    last_run_state(good.out).joinpath("state.pt")
    with pytest.raises(
        ValueError, match=r"not finite at step \d+; the last good checkpoint is none yet"
    ):
        pretrain(msgspec.structs.replace(broken, out=tmp_path / "other"))
    monkeypatch.setattr("training.loop.loop.accumulate_gradient", lambda *a: float("nan"))
    with pytest.raises(ValueError, match="step-0000005"):
        pretrain(msgspec.structs.replace(good, steps=10))


def test_figures_name_speed_and_utilisation(run, tmp_path):  # noqa: F811
    pretrain(variant(run, tmp_path, "mfu", steps=20))
    [row] = [row for row in rows_of(tmp_path / "mfu") if "mfu" in row]
    assert row["tokens_per_s"] > 0 and 0 < row["mfu"] < 1


def test_samples_are_written_at_intervals(run, tmp_path, capfd):  # noqa: F811
    pretrain(variant(run, tmp_path, "samples", steps=4, sample_every=2))
    assert "step 2" in (shown := capfd.readouterr().err) and "def mean(values)" in shown


def test_the_flops_of_a_step_are_those_of_its_matrix_products(config):
    config = msgspec.structs.replace(config, n_kv_heads=4)
    batch = Rows(
        torch.zeros(2, 10, dtype=torch.long),
        torch.zeros(2, 10, dtype=torch.long),
        torch.ones(2, 10),
    )
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    matrices = sum(
        p.numel() for name, p in model.named_parameters() if p.dim() == 2 and "wte" not in name
    )
    attention = config.n_layers * 2 * 2 * 10 * 10 * config.d_model
    expected = 6 * (20 * matrices + attention + 20 * config.d_model * config.embedding_rows)
    assert flops_of_step(config, batch) == expected
    assert peak_flops(torch.device("cpu")) > 1e9


def test_schedules_warm_up_and_end_where_they_should():
    for schedule in ("wsd", "cosine"):
        config = OptimConfig(schedule=schedule, warmup=0.1, decay=0.3, final=0.05)
        assert learning_rate_factor(0.05, config) == pytest.approx(0.5)
        assert learning_rate_factor(1.0, config) == pytest.approx(0.05)
    assert learning_rate_factor(0.5, OptimConfig(decay=0.3)) == 1.0
    cosine = OptimConfig(schedule="cosine", warmup=0.0, final=0.0)
    assert learning_rate_factor(0.5, cosine) == pytest.approx(0.5)


def test_more_micro_batches_than_rows_are_refused(run, tmp_path):  # noqa: F811
    with pytest.raises(ValueError, match="cannot be spread over 8"):
        pretrain(variant(run, tmp_path, "many", accumulate=8, batch=BatchConfig(rows=4, length=96)))
