"""A user tunes a model on a folder: it gets better there, and exports and runs like any other."""

import json

import msgspec
import pytest
import torch

from engine import Engine, FillRequest, Span
from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from tests.lacuna.test_cli import lacuna, refused
from training.adaptation.config import RowConfig
from training.loop.optim import OptimConfig
from training.loop.run_state import last_run_state
from training.objectives.infill_tuning import InfillTuningConfig, gain, tune_infilling
from training.objectives.pretrain import BatchConfig


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config.py").write_text("secret = 1\n" * 100)
    for i in range(40):
        body = "".join(
            f"def area_{i}_{j}(width, height):\n    return width * height\n\n\n" for j in range(6)
        )
        (root / "pkg" / f"m{i}.py").write_text(body)
    return root


def figures(run, name):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row[name] for row in rows if name in row]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("adapters", [False, True], ids=["whole", "adapters"])
def test_the_bundled_model_learns_a_folder_and_is_exported(folder, tmp_path, adapters):
    toml = tmp_path / "run.toml"
    toml.write_text(
        f'out = "{tmp_path}/run"\nfolder = "{folder}"\nsteps = 16\ncompile = false\nsave_every = 16\nevaluate_every = 8\n'
        "[batch]\nrows = 4\nlength = 192\ninfill_share = 0.7\ninfill_from = 0.0\n"
        "[optim]\nmuon_learning_rate = 0.003\nlearning_rate = 6e-4\n"
        + ("[lora]\nrank = 4\n" if adapters else "")
    )
    status, _, err = lacuna("train", "infill", toml)
    assert status == 0, err
    bounds = figures(tmp_path / "run", "val_infill_python")
    assert bounds[-1] < bounds[0]
    assert b"secret" not in (tmp_path / "run" / "data" / "python-train" / "tokens.bin").read_bytes()
    if adapters:
        return
    status, _, err = lacuna("export", "onnx", last_run_state(tmp_path / "run"), tmp_path / "tuned")
    assert status == 0, err
    text = "def area_7(width, height):\n    return width * ____\n"
    with Engine(tmp_path / "tuned") as engine:
        span = Span(start=text.index("____"), end=text.index("____") + 4, max_tokens=4)
        assert engine.fill(FillRequest(text=text, spans=(span,))).spans[0].text


def test_a_checkpoint_without_control_tokens_is_tuned_on_exact_spans(
    config, folder, tmp_path, tokenizer_file
):
    plain = msgspec.structs.replace(config, expand_token_id=None, delete_token_id=None)
    model = MaskPredictor(plain)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "plain", tokenizer_file)
    batch = BatchConfig(rows=4, length=128, infill_share=1.0, infill_from=0.0)
    run = InfillTuningConfig(
        out=tmp_path / "run",
        folder=folder,
        init_from=tmp_path / "plain",
        tokenizer=tokenizer_file,
        steps=30,
        compile=False,
        batch=batch,
        evaluate_every=15,
        save_every=30,
        precision="no",
    )
    tune_infilling(run)
    bounds = figures(run.out, "val_infill_python")
    assert bounds[-1] < bounds[0]


def test_a_model_with_causal_context_is_tuned_by_adapters_and_says_what_it_gained(
    config, folder, tmp_path, tokenizer_file
):
    causal = msgspec.structs.replace(
        config,
        context_attention="causal",
        predicts="next",
        start_token_id=504,
        gap_token_id=505,
        span_end_token_id=506,
    )
    model = MaskPredictor(causal)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "parent", tokenizer_file)
    run = InfillTuningConfig(
        out=tmp_path / "run",
        folder=folder,
        init_from=tmp_path / "parent",
        steps=12,
        compile=False,
        batch=BatchConfig(rows=4),
        optim=OptimConfig(kind="adamw", learning_rate=1e-2),
        row=RowConfig(length=256, context=128, views=128, train_context=False),
        evaluate_every=12,
        save_every=12,
        precision="no",
    )
    last = tune_infilling(run)
    causal_nats = figures(run.out, "val_causal")
    assert causal_nats[-1] < causal_nats[0] - 0.1
    told = f"causal {causal_nats[0]:.3f} -> {causal_nats[-1]:.3f}"
    assert told in gain(run.out)
    before, after = (
        load_checkpoint(path, torch.float32).state_dict() for path in (tmp_path / "parent", last)
    )
    embedding = "model.transformer.wte.weight"
    assert torch.equal(before[embedding], after[embedding]), "adapters leave the embedding alone"
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_a_folder_with_nothing_in_it_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    toml = tmp_path / "run.toml"
    toml.write_text(f'out = "{tmp_path}/run"\nfolder = "{tmp_path}/empty"\nsteps = 1\n')
    assert "holds less than 512 tokens" in refused("train", "infill", toml)
