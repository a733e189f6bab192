"""Does a masked diffusion model know what it read in the other direction? LLaDA's reversal claim in
the small.

    python -m training.experiments.reversal training/configs/experiments/reversal.toml [key=value
    ...]

The same transformer is trained as LLaDA and as an autoregressive baseline on line pairs and poems
in forward order, then tuned on "next line?" for one half of the pairs and "previous line?" for the
other half, and asked the question of each pair that it never saw. Both know both questions; only
the knowledge of the reversed order is tested. The same questions about pairs that nobody trained on
give the level of chance.

Each (kind, seed) is a process of its own and leaves ``out/KIND-SEED.json``; a second start does
only what is missing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import torch

from engine.base.atomic_write import write_file
from engine.base.structs import Config
from engine.network.checkpoint import load_checkpoint
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig
from training.experiments.reversal_data import (
    BatchShape,
    DocumentBatches,
    Question,
    Questions,
    halves,
    make_tokenizer,
    read_pairs,
    read_poems,
)
from training.experiments.reversal_test import Asker
from training.loop.config import LoopConfig
from training.loop.loop import train
from training.loop.optim import OptimConfig
from training.run_file import load_run

Kind = Literal["llada", "autoregressive"]
Report = dict[str, float | int | str | None]
_SETS = (
    "forward",
    "reverse",
    "taught_forward",
    "taught_reverse",
    "chance_forward",
    "chance_reverse",
)
KINDS: tuple[Kind, ...] = ("autoregressive", "llada")


class ReversalConfig(Config, kw_only=True, frozen=True):
    out: Path
    corpus: Path
    """Folder with ``poem_pairs-train.jsonl``, ``poem_pairs-val.jsonl`` and
    ``train-poem-*.jsonl.zst``."""
    seeds: tuple[int, ...] = (1, 2, 3)
    d_model: int = 256
    n_layers: int = 4
    vocab_size: int = 4096
    poems: int = 6_000
    shape: BatchShape = BatchShape()
    pairs: int = 2_000
    """How many of the training pairs to use, from the front."""
    llada_steps: int = 8_000
    autoregressive_steps: int = 1_500
    """Each until it knows the documents; the baseline has them by heart after 1,000 steps."""
    tune_steps: int = 1_000
    pretrain: OptimConfig = OptimConfig(muon_learning_rate=0.01, learning_rate=2e-3, decay=1.0)
    tune: OptimConfig = OptimConfig(muon_learning_rate=0.008, learning_rate=1.6e-3, decay=0.5)
    asked: int = 1_000
    """Questions of each kind in the test, at most."""
    choices: int = 300
    """The same for choices among ten lines."""
    processes: int = 2
    """Runs at a time."""
    threads: int = 1
    """Of each run."""


def run(config: ReversalConfig, kind: Kind, seed: int) -> Report:
    """One model: trained, tuned, asked."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(seed)
    folder = config.out / f"{kind}-{seed}"
    pairs, unseen = (
        read_pairs(config.corpus / f"poem_pairs-{split}.jsonl") for split in ("train", "val")
    )
    pairs = pairs[: config.pairs]
    poems = read_poems(config.corpus, config.poems)
    tokenizer = make_tokenizer(pairs, poems, config.vocab_size)
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    model_config = ModelConfig(
        d_model=config.d_model,
        n_layers=config.n_layers,
        n_heads=4,
        mlp_hidden_size=config.d_model * 11 // 4,
        vocab_size=config.vocab_size,
        mask_token_id=2,
        eos_token_id=1,
        weight_tying=True,
        max_sequence_length=256,
        causal=kind == "autoregressive",
    )
    shape = msgspec.structs.replace(config.shape, seed=seed)
    documents = DocumentBatches(model_config, pairs, poems, tokenizer, shape)
    model = MaskPredictor(model_config)
    init_weights(model, torch.Generator().manual_seed(seed))
    steps = config.autoregressive_steps if model_config.causal else config.llada_steps
    learnt = train(
        _loop(config, folder / "documents", steps, config.pretrain),
        model,
        documents,
        64,
        {"seed": seed},
    )

    asked_next, asked_previous = halves(pairs, seed)
    report: Report = {"kind": kind, "seed": seed}
    knows = Asker(load_checkpoint(learnt, torch.float32), tokenizer, folder / "tokenizer.json")
    for name, forward in (("in_place_forward", True), ("in_place_reverse", False)):
        report[name] = knows.in_place(asked_next[: config.choices], forward)
        report[f"{name}_chance"] = knows.in_place(unseen[: config.choices], forward)
    taught: list[Question] = [(pair, True) for pair in asked_next] + [
        (pair, False) for pair in asked_previous
    ]
    questions = Questions(model_config, taught, tokenizer, shape, documents)
    tuned = _loop(config, folder / "questions", config.tune_steps, config.tune)
    model = load_checkpoint(
        train(tuned, load_checkpoint(learnt, torch.float32), questions, 64, {"seed": seed}),
        torch.float32,
    )

    ask = Asker(model, tokenizer, folder / "tokenizer.json")
    count = config.asked
    sets = {
        "forward": [(pair, True) for pair in asked_previous],
        "reverse": [(pair, False) for pair in asked_next],
        "taught_forward": [(pair, True) for pair in asked_next],
        "taught_reverse": [(pair, False) for pair in asked_previous],
        "chance_forward": [(pair, True) for pair in unseen],
        "chance_reverse": [(pair, False) for pair in unseen],
    }
    for name, questions_of in sets.items():
        report[name] = round(ask.accuracy(questions_of[:count]), 4)
        report[f"{name}_choice"] = round(
            ask.choice_accuracy(questions_of[: config.choices], seed), 4
        )
    return report | {
        "questions": min(count, len(asked_next)),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _loop(config: ReversalConfig, out: Path, steps: int, optim: OptimConfig) -> LoopConfig:
    return LoopConfig(
        out=out,
        tokenizer=out.parent / "tokenizer.json",
        steps=steps,
        optim=optim,
        compile=False,
        save_every=1_000,
        evaluate_every=steps,
        keep=1,
    )


def table(reports: list[Report]) -> str:
    """Markdown: mean and range over seeds of both measures, and the level of chance."""
    lines = [
        "| | next line | previous line | taught: next / previous | chance: next / previous |",
        "|---|---|---|---|---|",
    ]
    for suffix, measure in (("", "answer holds the line"), ("_choice", "line chosen among ten")):
        for kind in KINDS:
            rows = [report for report in reports if report["kind"] == kind]
            if not rows:
                continue
            values = {
                name: [100 * float(row[name + suffix] or 0.0) for row in rows] for name in _SETS
            }
            means = {name: f"{np.mean(column):.1f}" for name, column in values.items()}
            spread = [
                f"{means[name]} % ({min(values[name]):.1f} to {max(values[name]):.1f})"
                for name in ("forward", "reverse")
            ]
            taught = f"{means['taught_forward']} / {means['taught_reverse']} %"
            chance = f"{means['chance_forward']} / {means['chance_reverse']} %"
            lines.append(f"| {kind}, {measure} | {' | '.join(spread)} | {taught} | {chance} |")
    lines += [
        "",
        "| no question: the line is written where it stands | second, given first | first, given "
        "second |",
        "|---|---|---|",
    ]
    for kind in KINDS:
        rows = [report for report in reports if report["kind"] == kind]
        lines += (
            [f"| {kind} | {_in_place(rows, 'forward')} | {_in_place(rows, 'reverse')} |"]
            if rows
            else []
        )
    return "\n".join(lines)


def _in_place(rows: list[Report], direction: str) -> str:
    """Mean, range and level of chance."""
    values = [100 * float(row[f"in_place_{direction}"] or 0.0) for row in rows]
    if any(row[f"in_place_{direction}"] is None for row in rows):
        return "cannot"
    chance = np.mean([100 * float(row[f"in_place_{direction}_chance"] or 0.0) for row in rows])
    return (
        f"{np.mean(values):.1f} % ({min(values):.1f} to {max(values):.1f}), chance {chance:.1f} %"
    )


def main(arguments: list[str]) -> None:
    """Run everything that is missing, two processes at a time, and print the table."""
    path, overrides = Path(arguments[0]), arguments[1:]
    only = next((o.removeprefix("only=") for o in overrides if o.startswith("only=")), None)
    overrides = [o for o in overrides if not o.startswith("only=")]
    config = load_run(path, overrides, ReversalConfig)
    config.out.mkdir(parents=True, exist_ok=True)
    if only is not None:
        kind, seed = only.split("-")
        report = run(config, "llada" if kind == "llada" else "autoregressive", int(seed))
        write_file(config.out / f"{only}.json", json.dumps(report) + "\n")
        return
    names = [f"{kind}-{seed}" for seed in config.seeds for kind in KINDS]
    module = "training.experiments.reversal"
    command = [sys.executable, "-P", "-m", module, str(path), *overrides]
    missing = [name for name in names if not (config.out / f"{name}.json").exists()]
    with ThreadPoolExecutor(config.processes) as pool:
        for done in pool.map(lambda name: subprocess.run([*command, f"only={name}"]), missing):
            done.check_returncode()
    reports = [json.loads((config.out / f"{name}.json").read_text()) for name in names]
    sys.stdout.write(table(reports) + "\n" + json.dumps(reports) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
